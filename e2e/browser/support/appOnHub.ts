/** The app in a browser, on a hub: both for all tests of a file, and a page that is new, or as new, for each test. */
import { test, type Browser, type Page, type ViewportSize } from './fixtures.ts';
import { startHub, type HubProcess } from '../../support/hubProcess.ts';
import { ReusedPage } from './reusedPage.ts';

export interface AppOnHubInit {
  /** Of the hub. */
  flags?: string[];
  /** Default: Playwright's, 1280 by 720. */
  viewport?: ViewportSize;
  /** One page for all tests, which is made as new after each of them: cheaper than a new one. Default: false. */
  reusesPage?: boolean;
}

/** What is there while a test runs. */
export interface AppOnHub {
  readonly hub: HubProcess;
  readonly browser: Browser;
  readonly page: Page;
}

/** Call it once, at the top of a file of tests. */
export function appOnHub({
  flags = [],
  viewport = { width: 1280, height: 720 },
  reusesPage = false,
}: AppOnHubInit = {}): AppOnHub {
  const app = {} as { -readonly [Key in keyof AppOnHub]: AppOnHub[Key] };
  let reused: ReusedPage | undefined;
  test.beforeAll(async ({ browser }) => {
    app.hub = await startHub({ flags });
    app.browser = browser;
    if (reusesPage) reused = await ReusedPage.open(browser, app.hub.url, viewport);
  });
  test.afterAll(async () => {
    await reused?.close();
    await app.hub[Symbol.asyncDispose]();
  });
  test.beforeEach(async () => {
    if (reused) {
      app.page = await reused.get();
      return;
    }
    const context = await app.browser.newContext({ baseURL: app.hub.url, viewport });
    app.page = await context.newPage();
  });
  test.afterEach(async () => {
    const { status, expectedStatus } = test.info();
    if (!reused) await app.page.context().close();
    // What failed can be looked at; no other test follows in this process.
    else if (status === expectedStatus) await reused.renew();
  });
  return app;
}
