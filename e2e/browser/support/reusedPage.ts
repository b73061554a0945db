/**
 * One page for all tests of a file: its process goes on, which has the app's scripts compiled, and its browser has the app's
 * files. For each test it is as new.
 */
import type { Browser, BrowserContext, Disposable, Page, ViewportSize } from '@playwright/test';
import { clearStorage } from './clearStorage.ts';

/** A file of the hub that runs nothing, isolated as its pages are: a page that leaves that isolation gets another process. */
const restingPlace = '/theme.js';
/** What moves on a page is drawn by the processor, frame by frame: it stands still. */
const usual = { colorScheme: 'light', reducedMotion: 'reduce' } as const;
const listenedTo = ['request', 'requestfinished', 'requestfailed', 'response', 'console', 'dialog'] as const;

export class ReusedPage {
  readonly #context: BrowserContext;
  readonly #viewport: ViewportSize;
  #page: Page | undefined;
  #isCrashed = false;
  /** Of scripts that run first. */
  #first: Disposable[] = [];
  /** Whose storage may hold something. */
  readonly #origins = new Set<string>();

  private constructor(context: BrowserContext, viewport: ViewportSize) {
    this.#context = context;
    this.#viewport = viewport;
  }

  static async open(browser: Browser, hubUrl: string, viewport: ViewportSize): Promise<ReusedPage> {
    return new ReusedPage(await browser.newContext({ ...usual, baseURL: hubUrl, viewport }), viewport);
  }

  /** @returns the page, which shows nothing yet */
  async get(): Promise<Page> {
    return (this.#page ??= await this.#newPage());
  }

  /** Closes all pages beside it, and takes away what the test has done to it, to the context, and in the browser's storage. */
  async renew(): Promise<void> {
    const context = this.#context;
    for (const page of context.pages()) if (page !== this.#page || this.#isCrashed) await page.close();
    if (this.#page?.isClosed()) this.#page = undefined;
    await context.unrouteAll();
    await context.clearPermissions();
    await context.setExtraHTTPHeaders({});
    const page = await this.get();
    await page.unrouteAll();
    for (const event of listenedTo) page.removeAllListeners(event);
    for (const script of this.#first.splice(0)) await script.dispose();
    await page.goto(restingPlace);
    await page.evaluate(() => {
      sessionStorage.clear();
      window.name = '';
    });
    await page.emulateMedia({ media: null, ...usual });
    await page.setViewportSize(this.#viewport);
    await page.mouse.move(-1, -1);
    await context.clearCookies();
    await clearStorage(page, this.#origins);
  }

  close(): Promise<void> {
    return this.#context.close();
  }

  async #newPage(): Promise<Page> {
    const page = await this.#context.newPage();
    this.#isCrashed = false;
    page.on('crash', () => (this.#isCrashed = true));
    page.on('framenavigated', (frame) => {
      const { origin } = new URL(frame.url());
      if (origin !== 'null') this.#origins.add(origin);
    });
    const addInitScript = page.addInitScript.bind(page);
    page.addInitScript = async (script, argument) => {
      const added = await addInitScript(script, argument);
      this.#first.push(added);
      return added;
    };
    return page;
  }
}
