/** The app's form: its dialogs are for everybody, and nothing jumps while a page comes. */
import { expect, test, type Browser, type Locator, type Page } from '@playwright/test';
import { startHub, type HubProcess } from '../support/hubProcess.ts';
import { seriousViolations } from './support/appPage.ts';
import { launchChromium } from './support/chromium.ts';

/** As web browsers tell of it; TypeScript does not know it. */
interface LayoutShift extends PerformanceEntry {
  value: number;
  sources: { node?: Node }[];
}

declare global {
  var shifts: { value: number; what: string[] }[];
}

/** "Good" by web.dev/articles/cls is 0.1; here everything has its place from the start. */
const mostLayoutShift = 0.02;

let hub: HubProcess;
let browser: Browser;
let page: Page;

test.beforeAll(async () => {
  hub = await startHub({ flags: ['--local-workers', '2', '--stages', '2'] });
  browser = await launchChromium();
});
test.afterAll(async () => {
  await browser.close();
  await hub[Symbol.asyncDispose]();
});
test.beforeEach(async () => {
  const context = await browser.newContext({ baseURL: hub.url });
  page = await context.newPage();
});
test.afterEach(() => page.context().close());

/** Ways to everything that opens above a page. */
const openings: { path: string; what: string; open: () => Promise<void> }[] = [
  {
    path: '/',
    what: 'settings of a conversation',
    open: () => page.getByRole('button', { name: 'Settings of this conversation' }).click(),
  },
  { path: '/', what: 'model picker', open: () => page.getByRole('button', { name: /^Model:/ }).click() },
  {
    path: '/nodes',
    what: 'add a node',
    open: () => page.getByRole('button', { name: 'Add a node' }).click(),
  },
  {
    path: '/nodes',
    what: 'menu of a node',
    open: () => page.getByRole('button', { name: 'Actions for local-1' }).click(),
  },
  {
    path: '/models',
    what: 'add a model',
    open: () => page.getByRole('button', { name: 'Add a model' }).click(),
  },
  {
    path: '/models',
    what: 'deploy',
    open: async () => {
      await page.getByRole('button', { name: 'Change how it is deployed' }).click();
      await page.getByLabel('A device for each shard').check();
    },
  },
  { path: '/models', what: 'undeploy', open: () => page.getByRole('button', { name: 'Undeploy' }).click() },
];

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing serious in dialogs and menus (${colorScheme})`, async () => {
    await page.emulateMedia({ colorScheme });
    for (const { path, what, open } of openings) {
      await page.goto(path);
      await open();
      await expect(
        page.getByRole('dialog').or(page.getByRole('menu')).or(page.getByRole('alertdialog')),
      ).toBeVisible();
      expect(await seriousViolations(page), what).toEqual([]);
    }
  });
}

/** Pages, and what is there when all has come. */
const complete: Record<string, () => Locator> = {
  '/': () => page.getByText('is served by 2 devices'),
  '/nodes': () => page.getByRole('row', { name: /^local-2/ }).first(),
  '/join': () => page.getByRole('button', { name: 'Join the table' }),
  '/models': () => page.getByRole('region', { name: 'minimind2-small' }),
  '/requests': () => page.getByText('Nothing was asked yet.'),
  '/settings': () => page.getByRole('region', { name: 'Address and certificate' }),
};

for (const [size, viewport] of Object.entries({
  desk: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
})) {
  test(`nothing jumps while a page comes (${size})`, async () => {
    await page.setViewportSize(viewport);
    await page.addInitScript(() => {
      globalThis.shifts = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as LayoutShift[]) {
          const what = entry.sources.map(({ node }) => (node instanceof Element ? node.outerHTML : ''));
          globalThis.shifts.push({ value: entry.value, what: what.map((html) => html.slice(0, 80)) });
        }
      }).observe({ type: 'layout-shift', buffered: true });
    });
    for (const [path, whole] of Object.entries(complete)) {
      // Fonts come last: until then, words are as wide as the system's fonts make them.
      let letFontsCome = (): void => undefined;
      const called = new Promise<void>((resolve) => (letFontsCome = resolve));
      await page.unrouteAll();
      await page.route('**/*.woff2', async (route) => called.then(() => route.continue()));
      await page.goto(path, { waitUntil: 'commit' });
      await expect(whole()).toBeVisible();
      // Where the password is set, nobody is asked to set one.
      const firstStart = page.getByRole('complementary', { name: 'First start' });
      await expect(firstStart).toHaveCount(path === '/settings' ? 0 : 1);
      letFontsCome();
      const shifts = await page.evaluate(async () => {
        await document.fonts.ready;
        for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
        return globalThis.shifts;
      });
      const sum = shifts.reduce((total, { value }) => total + value, 0);
      expect(sum, `${path}: ${JSON.stringify(shifts)}`).toBeLessThan(mostLayoutShift);
    }
  });
}
