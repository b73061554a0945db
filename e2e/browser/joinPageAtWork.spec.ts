/** What the join page shows and does around a tab at work, as a person sees it. */
import { expect, test, type Browser, type Page, type Route } from './support/fixtures.ts';
import { joinLink } from '@potluck/protocol';
import { startHub, startWorker } from '../support/hubProcess.ts';
import { nodesOf } from '../support/nodes.ts';
import { ask } from './support/ask.ts';
import { runFirstInWorkers } from './support/firstInWorkers.ts';
import { holdMessages } from './support/holdMessages.ts';
import { holdLock } from './support/webLock.ts';
import { joinButton } from './support/appPage.ts';

const prompt = 'The river rose.';
const answerTokens = 24;
/** Room for one stage. */
const memoryBytes = 80e6;

/** In the engine: loads no runtime and warms no stage up while somebody holds the lock of that name. */
const obedientEngine = `
if (name === 'potluck-engine') {
  const free = (lock) => navigator.locks.request(lock, { mode: 'shared' }, () => undefined);
  const { fetch } = self;
  self.fetch = async (resource, ...rest) => {
    const url = String(resource.url ?? resource);
    if (url.includes('/ort-wasm') && url.endsWith('.wasm')) await free('loading the runtime');
    return fetch.call(self, resource, ...rest);
  };
  ${holdMessages(`(calls) =>
    Array.isArray(calls) && calls.some(({ verb }) => verb === 'warmUp') ? free('warming up') : undefined`)}
}
`;

declare global {
  /** What the stage's badge has said so far. */
  var saidByBadge: string[];
}

/** The join page in a browser that leaves the GPU alone. */
async function openPage(browser: Browser): Promise<Page & AsyncDisposable> {
  const context = await browser.newContext();
  await context.addInitScript(() => {
    if (localStorage.getItem('potluck.tab') === null)
      localStorage.setItem('potluck.tab', JSON.stringify({ device: 'wasm' }));
  });
  const page = await context.newPage();
  return Object.assign(page, { [Symbol.asyncDispose]: () => context.close() });
}

const stageOf = (page: Page) => page.getByRole('region', { name: /^Layers \d to \d of small$/ });

async function serves(page: Page): Promise<void> {
  await expect(stageOf(page).locator('header')).toContainText('running');
}

/** A figure of the tab's state. */
const figure = (page: Page, name: string) =>
  page
    .getByRole('region', { name: 'State' })
    .locator('dl > div', { has: page.getByText(name, { exact: true }) })
    .locator('dd');

test('memory is lent by keyboard and by pointer, the hub counts on it, and it is kept', async ({
  browser,
  tabHub: hub,
}) => {
  await using page = await openPage(browser);
  await page.goto(joinLink({ hubUrl: hub.url, token: hub.joinToken }));
  const slider = page.getByRole('slider', { name: 'Memory limit' });
  const lent = async (): Promise<number> => Number(await slider.inputValue());
  await slider.focus();
  await page.keyboard.press('Home');
  const least = await lent();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  expect(await lent()).toBe(least + 2 * 64 * 1024 * 1024);
  await expect(slider).toHaveAttribute('aria-valuetext', '234 MB');
  await expect(page.getByText('Memory limit 234 MB')).toBeVisible();
  await expect(page.getByText('up to 234 MB of model weights')).toBeVisible();

  const { width, height } = (await slider.boundingBox()) ?? { width: 0, height: 0 };
  await slider.click({ position: { x: width / 2, y: height / 2 } });
  const half = await lent();
  const most = Number(await slider.getAttribute('max'));
  expect(half).toBeGreaterThan(0.4 * most);
  expect(half).toBeLessThan(0.6 * most);
  await joinButton(page).click();
  await serves(page);
  const budget = async (): Promise<unknown> => (await nodesOf(hub)).map((node) => node.memoryBytes);
  expect(await budget()).toEqual([half]);

  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await page.reload();
  await expect(slider).toHaveValue(String(half));
  await joinButton(page).click();
  await serves(page);
  expect(await budget()).toEqual([half]);
});

test('bars show how far each pack is, and the steps until the stage serves follow each other', async ({
  browser,
  tabHub: hub,
}) => {
  await using page = await openPage(browser);
  await page.addInitScript(() => {
    globalThis.saidByBadge = [];
    new MutationObserver(() => {
      const text = document.querySelector('.card header h2 + *')?.textContent ?? '';
      if (globalThis.saidByBadge.at(-1) !== text) globalThis.saidByBadge.push(text);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  await runFirstInWorkers(page, obedientEngine);
  // A page beside it holds the locks, from before there is an engine.
  const beside = await page.context().newPage();
  await beside.goto(`${hub.url}/health`);
  const runtime = await holdLock(beside, 'loading the runtime');
  const warmUp = await holdLock(beside, 'warming up');
  // The graph comes through; weights are held back.
  const weights = await holdBack(page, /\/blobs\//, 1);
  await page.goto(joinLink({ hubUrl: hub.url, token: hub.joinToken, auto: true }));
  const stage = stageOf(page);
  const bar = stage.getByRole('progressbar', { name: 'Weights' });
  await expect(stage.locator('header')).toContainText('downloading');
  await weights.held;
  await stage.locator('summary').click();
  const packs = stage.getByRole('progressbar', { name: /^Part / });
  expect(await shares(packs)).toEqual(expect.arrayContaining([0, 1]));
  const [share = 0] = await shares(bar);
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThan(1);
  await weights.release();
  await expect(stage.locator('header')).toContainText('compiling');
  expect(await shares(bar)).toEqual([1]);
  expect(new Set(await shares(packs))).toEqual(new Set([1]));
  await expect(stage.locator('li.done')).toHaveText(['downloading']);
  await expect(stage.locator('li.now')).toHaveText(['compiling']);
  const compiling = stage.getByRole('progressbar', { name: 'Compiling' });
  await expect(compiling).toBeVisible();
  await expect(compiling).not.toHaveAttribute('aria-valuenow');
  await runtime();
  await expect(stage.locator('header')).toContainText('warming up');
  await expect(stage.locator('li.done')).toHaveText(['downloading', 'compiling']);
  await warmUp();
  await serves(page);
  await expect(compiling).toHaveCount(0);
  const said = await page.evaluate(() => globalThis.saidByBadge);
  expect(said.filter((text) => /downloading|compiling|warming up|running/.test(text))).toEqual([
    'downloading',
    'compiling',
    'warming up',
    'running',
  ]);
});

test('weights are forgotten on request, those of a stage that serves after it has left', async ({
  browser,
  tabHub: hub,
}) => {
  await using page = await openPage(browser);
  await page.goto(joinLink({ hubUrl: hub.url, token: hub.joinToken, auto: true }));
  await serves(page);
  const before = await ask(hub, prompt);
  const kept = figure(page, 'Stored weights');
  await expect(kept).not.toHaveText('0 B');
  const size = (await kept.textContent()) ?? '';
  expect(await storedEntries(page)).toBeGreaterThan(0);

  await page.getByRole('button', { name: 'Delete stored weights' }).click();
  const dialog = page.getByRole('alertdialog', { name: 'Delete stored weights?' });
  await expect(dialog).toContainText('Weights that tabs of this browser use right now stay');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(kept).toHaveText(size);
  await page.getByRole('button', { name: 'Delete stored weights' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Log', { exact: true }).click();
  await expect(page.getByText('weights of layers that tabs of this browser serve now')).toBeVisible();
  await expect(kept).toHaveText(size);
  expect(await ask(hub, prompt)).toEqual(before);

  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await expect(page.getByText(`${size} kept from before`)).toBeVisible();
  await page.getByRole('button', { name: 'Delete stored weights' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('nothing kept from before')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Delete stored weights' })).toHaveCount(0);
  expect(await storedEntries(page)).toBe(0);

  await joinButton(page).click();
  await serves(page);
  await expect(kept).toHaveText(size);
  await expect(stageOf(page).locator('summary')).not.toContainText('kept from before');
});

test('a tab in a pipeline shows its layers, its peer and the way to it, and what it has served', async ({
  browser,
  model,
}) => {
  await using hub = await startHub({
    flags: ['--model', model.path, '--local-workers', '0', '--stages', '2'],
  });
  await using _worker = await startWorker(hub, 'kitchen', ['--memory', String(memoryBytes)]);
  await using page = await openPage(browser);
  const link = { hubUrl: hub.url, token: hub.joinToken, name: 'laptop', memoryBytes, auto: true };
  await page.goto(joinLink(link));
  await serves(page);
  await expect(figure(page, 'Tokens served')).toHaveText('0');
  const stage = stageOf(page);
  const [, first, last] = /^Layers (\d) to (\d)/.exec((await stage.getAttribute('aria-label')) ?? '') ?? [];
  await expect(stage.locator('.layers i')).toHaveCount(4);
  await expect(stage.locator('.layers i.mine')).toHaveCount(Number(last) - Number(first) + 1);

  const { tokens, route } = await ask(hub, prompt, answerTokens);
  expect(route).toContain(`laptop[${first}-${last}]`);
  expect(tokens).toHaveLength(answerTokens);
  await expect(figure(page, 'Answers in progress')).toHaveText('0');
  // The prompt, and each token but the last, which nothing follows.
  const served = Number(await figure(page, 'Tokens served').textContent());
  expect(served).toBeGreaterThan(answerTokens);
  expect(Number(await figure(page, 'Tokens per second').textContent())).toBeGreaterThan(0);

  const peer = page.getByRole('region', { name: 'Connected devices' }).getByRole('listitem');
  await expect(peer).toContainText('kitchen');
  await expect(peer).toContainText('direct');
  await expect(peer).toContainText(/\d\.\d ms round trip/);
  const address = String.raw`an address in the local network( \([^)]+\))?`;
  await expect(peer).toContainText(new RegExp(`from ${address} to ${address}`));
});

interface HeldBack {
  /** Resolves when a response is held back. */
  held: Promise<void>;
  /** Lets all of them go, and those to come. */
  release(): Promise<void>;
}

/** Holds responses back, in web workers too, but the first `passing`. */
async function holdBack(page: Page, url: RegExp, passing: number): Promise<HeldBack> {
  const held = Promise.withResolvers<void>();
  const waiting: Route[] = [];
  let left = passing;
  let isReleased = false;
  await page.context().route(url, (route) => {
    if (isReleased || left-- > 0) return route.continue();
    waiting.push(route);
    held.resolve();
  });
  return {
    held: held.promise,
    async release() {
      isReleased = true;
      await Promise.all(waiting.map((route) => route.continue()));
    },
  };
}

/** How far progress bars are, from 0 to 1. */
const shares = (bars: ReturnType<Page['locator']>): Promise<number[]> =>
  bars.evaluateAll((all) => all.map((bar) => Number(bar.ariaValueNow) / Number(bar.ariaValueMax)));

/** Records in the page's database of weights. */
const storedEntries = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('potluck-weights');
        opening.onerror = () => reject(new Error('the database does not open'));
        opening.onsuccess = () => {
          const database = opening.result;
          const counting = database.transaction('blobs').objectStore('blobs').count();
          counting.onsuccess = () => {
            resolve(counting.result);
            database.close();
          };
        };
      }),
  );
