/** What keeps a tab at work while nobody looks at it, and what happens when the browser stops it all the same. */
import { expect, test, type Page } from './support/fixtures.ts';
import type { HubProcess } from '../support/hubProcess.ts';
import { nodesOf } from '../support/nodes.ts';
import { ask } from './support/ask.ts';
import { plainContext } from './support/plainContext.ts';
import { openTab, serves } from './support/tab.ts';
import { joinButton } from './support/appPage.ts';

declare global {
  /** What the page has asked the browser for. */
  var asked: { audio: AudioContext[]; wakeLocks: WakeLockSentinel[]; requests: Promise<unknown>[] };
}

/** Keeps what the page asks for, to look at. */
function watchAsked(): void {
  globalThis.asked = { audio: [], wakeLocks: [], requests: [] };
  globalThis.AudioContext = class extends AudioContext {
    constructor() {
      super();
      globalThis.asked.audio.push(this);
    }
  };
  const { wakeLock } = navigator;
  const request = wakeLock.request.bind(wakeLock);
  wakeLock.request = (type) => {
    const asked = request(type).then((sentinel) => {
      globalThis.asked.wakeLocks.push(sentinel);
      return sentinel;
    });
    globalThis.asked.requests.push(asked);
    return asked;
  };
}

/** State of the newest audio context, and whether the newest wake lock is held. */
const awake = (page: Page): Promise<[string | undefined, boolean]> =>
  page.evaluate(() => {
    const { audio, wakeLocks } = globalThis.asked;
    return [audio.at(-1)?.state, wakeLocks.at(-1)?.released === false];
  });

/** The hub hears of it at once. */
async function expectGone(hub: HubProcess, goAway: () => Promise<unknown>): Promise<void> {
  const { length } = hub.log();
  await goAway();
  await expect.poll(() => nodesOf(hub)).toEqual([]);
  // The page's beacon, or its socket's end: what comes first.
  await expect.poll(() => hub.log().slice(length)).toMatch(/its page was left|its connection closed/);
}

test('the button starts the tone, keeps the screen on and holds a lock; pausing lets go', async ({
  tabHub: hub,
}) => {
  await using context = await plainContext();
  await context.grantPermissions(['screen-wake-lock']);
  await context.addInitScript(watchAsked);
  const page = await context.newPage();
  await page.goto(`${hub.url}/join#token=${hub.joinToken}`);
  await page.getByLabel('Use the CPU only').check();
  await page.getByLabel('Stay fast in the background').check();
  await page.getByLabel('Keep the screen on').check();
  expect(await awake(page)).toEqual([undefined, false]);
  await joinButton(page).click();
  await expect.poll(() => awake(page)).toEqual(['running', true]);
  const { held = [] } = await page.evaluate(() => navigator.locks.query());
  expect(held.map(({ name }) => name)).toContain('potluck.tab.0');

  await page.getByRole('button', { name: 'Pause' }).click();
  await expect.poll(() => awake(page)).toEqual(['closed', false]);
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect.poll(() => awake(page)).toEqual(['running', true]);
});

test('the screen is kept on by one lock at most, however often that changes, and by none after a pause', async ({
  tabHub: hub,
  site,
}) => {
  await using context = await plainContext();
  await context.grantPermissions(['screen-wake-lock']);
  await context.addInitScript(watchAsked);
  const tab = await openTab(context, { pageUrl: site.url, hub, device: 'wasm' });
  /** Locks that are held when the browser has answered all that it was asked. */
  const held = (): Promise<number> =>
    tab.page.evaluate(async () => {
      const { requests, wakeLocks } = globalThis.asked;
      let answered = -1;
      while (answered < requests.length) {
        answered = requests.length;
        await Promise.allSettled(requests);
        await new Promise((resolve) => setTimeout(resolve));
      }
      return wakeLocks.filter(({ released }) => !released).length;
    });
  await tab.command('start');
  await tab.page.evaluate(() => {
    for (const keepScreenOn of [true, false, true, true]) globalThis.tab.change({ keepScreenOn });
    for (let i = 0; i < 3; i++) document.dispatchEvent(new Event('visibilitychange'));
  });
  await tab.until(({ stayAlive }) => stayAlive.wakeLock);
  expect(await held()).toBe(1);

  // It is let go and asked for in the moment before the pause.
  await tab.page.evaluate(async () => {
    globalThis.tab.change({ keepScreenOn: false });
    await globalThis.tab.pause();
    globalThis.tab.change({ keepScreenOn: true });
    await globalThis.tab.resume();
    await globalThis.tab.pause();
  });
  expect(await held()).toBe(0);
  expect((await tab.snapshot()).stayAlive.wakeLock).toBe(false);
});

test('after a reload the tone waits for the first click, as browsers want it; that the page is closed, the hub hears at once', async ({
  browser,
  tabHub: hub,
  site,
}) => {
  await using context = await browser.newContext();
  await context.addInitScript(watchAsked);
  const tab = await openTab(context, { pageUrl: site.url, hub, device: 'wasm' });
  await tab.page.evaluate(() => globalThis.tab.change({ quietTone: true }));
  await tab.page.locator('body').click();
  await tab.command('start');
  await tab.until(({ stayAlive }) => stayAlive.quietTone);
  await tab.page.reload();
  await tab.until(serves);
  await tab.page.locator('body').click();
  await tab.until(({ stayAlive }) => stayAlive.quietTone);
  expect((await awake(tab.page))[0]).toBe('running');
  await expectGone(hub, () => tab.page.close({ runBeforeUnload: true }));
});

test('the hub knows that a tab is hidden; a frozen one serves again when it wakes up, until its page is left for another', async ({
  tabHub: hub,
  site,
}) => {
  await using context = await plainContext();
  const tab = await openTab(context, { pageUrl: site.url, hub, device: 'wasm' });
  await tab.command('start');
  await tab.until(serves);
  const hidden = async (): Promise<unknown> => (await nodesOf(hub)).map((node) => node.hidden);
  await expect.poll(hidden).toEqual([false]);

  const devtools = await context.newCDPSession(tab.page);
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  // Its web workers stand still with it, often before they say that it is hidden, until its lease ends.
  await expect.poll(hidden).toEqual([]);
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
  // Thawed, it is behind others still.
  await expect.poll(hidden).toEqual([true]);
  await tab.until(serves);
  expect((await ask(hub, 'The river rose.')).tokens).toHaveLength(24);
  await expectGone(hub, () => tab.page.goto('about:blank'));
});
