/** The app in a browser, on a hub: both for all tests of a file, and a new page for each test. */
import { test, type Browser, type Page, type ViewportSize } from './fixtures.ts';
import { startHub, type HubProcess } from '../../support/hubProcess.ts';

export interface AppOnHubInit {
  /** Of the hub. */
  flags?: string[];
  /** Default: Playwright's. */
  viewport?: ViewportSize;
}

/** What is there while a test runs. */
export interface AppOnHub {
  readonly hub: HubProcess;
  readonly browser: Browser;
  readonly page: Page;
}

/** Call it once, at the top of a file of tests. */
export function appOnHub({ flags = [], viewport }: AppOnHubInit = {}): AppOnHub {
  const app = {} as { -readonly [Key in keyof AppOnHub]: AppOnHub[Key] };
  test.beforeAll(async ({ browser }) => {
    app.hub = await startHub({ flags });
    app.browser = browser;
  });
  test.afterAll(() => app.hub[Symbol.asyncDispose]());
  test.beforeEach(async () => {
    const context = await app.browser.newContext({ baseURL: app.hub.url, ...(viewport && { viewport }) });
    app.page = await context.newPage();
  });
  test.afterEach(() => app.page.context().close());
  return app;
}
