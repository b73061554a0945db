/** A tab that rests when its device runs on battery, its network is metered, or nobody looks: what its person and the hub see. */
import { joinLink } from '@potluck/protocol';
import type { HistoryPage } from '@potluck/api';
import { expect, test, type Browser, type Page } from './support/fixtures.ts';
import { nodesOf } from '../support/nodes.ts';
import { joinButton, seriousViolations } from './support/appPage.ts';

/** What the browser tells of the device. */
interface Conditions {
  charging: boolean;
  network: 'wifi' | 'cellular';
  visibility: DocumentVisibilityState;
}

declare global {
  /** Changes what the browser tells, as if it had changed by itself. */
  var tellConditions: (change: Partial<Conditions>) => void;
}

/** The join page in a browser that leaves the GPU alone, and tells what a test wants. */
async function openPage(
  browser: Browser,
  init: { url: string; name: string },
): Promise<Page & AsyncDisposable> {
  const context = await browser.newContext();
  await context.addInitScript((name) => {
    if (localStorage.getItem('potluck.tab') === null)
      localStorage.setItem('potluck.tab', JSON.stringify({ device: 'wasm', name }));
    const battery = Object.assign(new EventTarget(), { charging: true });
    const connection = Object.assign(new EventTarget(), { type: 'wifi' });
    let visibility: DocumentVisibilityState = 'visible';
    Object.assign(navigator, { getBattery: () => Promise.resolve(battery) });
    Object.defineProperty(navigator, 'connection', { value: connection });
    Object.defineProperty(document, 'visibilityState', { get: () => visibility });
    globalThis.tellConditions = (change) => {
      battery.charging = change.charging ?? battery.charging;
      connection.type = change.network ?? connection.type;
      visibility = change.visibility ?? visibility;
      battery.dispatchEvent(new Event('chargingchange'));
      connection.dispatchEvent(new Event('change'));
      document.dispatchEvent(new Event('visibilitychange'));
    };
  }, init.name);
  const page = await context.newPage();
  await page.goto(init.url);
  return Object.assign(page, { [Symbol.asyncDispose]: () => context.close() });
}

async function serves(page: Page): Promise<void> {
  const stage = page.getByRole('region', { name: /^Layers \d to \d of small$/ });
  await expect(stage.locator('header')).toContainText('running');
}

const fine: Conditions = { charging: true, network: 'wifi', visibility: 'visible' };

test('a tab rests as its person chose, the hub says why, its layers move, and it is back by itself', async ({
  browser,
  tabHub: hub,
}) => {
  test.slow();
  const namesHere = async (): Promise<string[]> => (await nodesOf(hub)).map(({ name }) => name).toSorted();
  /** Why the tab left the last time, as the list of what happened has it. */
  const lastReason = async (): Promise<string | undefined> => {
    const response = await fetch(`${hub.url}/api/history?topic=nodes&about=laptop`);
    const { events } = (await response.json()) as HistoryPage;
    return events.find(({ kind }) => kind === 'node-left')?.detail['reason'];
  };
  const url = joinLink({ hubUrl: hub.url, token: hub.joinToken });
  await using page = await openPage(browser, { url, name: 'laptop' });
  for (const policy of [
    'on battery',
    'while this tab is in the background',
    'on a mobile or metered network',
  ])
    await page.getByLabel(`Pause ${policy}`).check();
  await joinButton(page).click();
  await serves(page);
  await using attic = await openPage(browser, { url, name: 'attic' });
  await joinButton(attic).click();
  await expect.poll(namesHere).toEqual(['attic', 'laptop']);

  const pauses: [Partial<Conditions>, string, string][] = [
    [{ charging: false }, 'Paused because this device runs on battery.', 'paused: it runs on battery'],
    [{ network: 'cellular' }, 'Paused because the network is metered.', 'paused: its network is metered'],
    [
      { visibility: 'hidden' },
      'Paused because nobody looks at this tab.',
      'paused: its tab is in the background',
    ],
  ];
  for (const [change, words, reason] of pauses) {
    await test.step(reason, async () => {
      await page.evaluate((told) => globalThis.tellConditions(told), change);
      await expect(page.getByText(words)).toBeVisible();
      await expect.poll(namesHere).toEqual(['attic']);
      await expect.poll(lastReason).toBe(reason);
      await serves(attic);
      await page.evaluate((told) => globalThis.tellConditions(told), fine);
      await expect.poll(namesHere).toEqual(['attic', 'laptop']);
      await expect(page.getByText(words)).toHaveCount(0);
    });
  }
  expect(await seriousViolations(page)).toEqual([]);
  await expect(page.getByText(/This browser in all:/)).toBeVisible();
});
