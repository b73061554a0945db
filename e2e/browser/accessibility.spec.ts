/** Axe finds nothing serious anywhere in the app. */
import { expect, test, type Browser, type Page } from '@playwright/test';
import { startHub, type HubProcess } from '../support/hubProcess.ts';
import { seriousViolations, wholePages } from './support/appPage.ts';
import { launchChromium } from './support/chromium.ts';
import { writeSmallModel } from './support/smallModel.ts';

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
  const context = await browser.newContext({ baseURL: hub.url, viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
});
test.afterEach(() => page.context().close());

test('on any page', async () => {
  await hub.client.chat.completions.create({
    model: 'minimind2-small',
    messages: [{ role: 'user', content: 'Hello' }],
    max_tokens: 2,
  });
  for (const [path, whole] of Object.entries(wholePages)) {
    await page.goto(path);
    await expect(whole(page)).toBeVisible();
    await expectNothingSerious(path);
  }
  await page.goto('/requests');
  await page.getByRole('button', { name: /minimind2-small/ }).click();
  await expect(page.getByText('computing').first()).toBeVisible();
  await expectNothingSerious('/requests, with one open');
});

test('where who comes from another device must log in', async () => {
  await page.context().setExtraHTTPHeaders({ 'x-forwarded-for': '10.0.0.1' });
  await page.goto('/settings');
  await expect(page.getByRole('dialog', { name: 'This hub asks who you are' })).toBeVisible();
  await expectNothingSerious('log in');
});

test('about a tab at work', async () => {
  await using model = await writeSmallModel();
  await using other = await startHub({ flags: ['--model', model.path, '--local-workers', '0'] });
  await page.goto(`${other.url}/join#token=${other.joinToken}`);
  await page.getByLabel('Leave the GPU alone').check();
  await page.getByRole('button', { name: 'Join the table' }).click();
  await expect(page.getByRole('region', { name: /^Layers/ }).locator('header')).toContainText('serving');
  await page.getByText('What happened so far').click();
  await expectNothingSerious('/join, at work');
});

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
  test(`in dialogs and menus (${colorScheme})`, async () => {
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

/** The page as it is now, wide and narrow, in both themes. */
async function expectNothingSerious(what: string): Promise<void> {
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ['light', 'dark'] as const) {
      // Without transitions: amid one, colours are of neither theme.
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect(await seriousViolations(page), `${what}, ${width} px, ${colorScheme}`).toEqual([]);
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}
