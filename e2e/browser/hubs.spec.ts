/** A browser at one of several hubs, which does not lead: it lends its tab there, and chats there. */
import { joinLink } from '@potluck/protocol';
import { redisMissing } from '../../testing/servers/redisServer.ts';
import { stop } from '../support/hubProcess.ts';
import { nodesOf } from '../support/nodes.ts';
import { healthOf, longLease, startSharedHubs } from '../support/sharedHubs.ts';
import { askForStory, keepShort, say, seeBeginning } from './support/appPage.ts';
import { expect, test } from './support/fixtures.ts';

/** Another hub takes over, devices come back, and a tab computes half of the answer: on a busy machine, slowly. */
const mostMs = 180_000;
test.describe.configure({ timeout: 2 * mostMs });
test.skip(redisMissing !== undefined, redisMissing ?? '');

test('a tab and a chat at a hub that follows go on when the hub that leads is killed', async ({
  browser,
}) => {
  await using grid = await startSharedHubs(2, longLease, ['anna']);
  const roles = (): Promise<(string | undefined)[]> =>
    Promise.all(grid.hubs.map(async (hub) => (await healthOf(hub)).role));
  let found: (string | undefined)[] = [];
  await expect.poll(async () => (found = await roles()).toSorted()).toEqual(['follows', 'leads']);
  const [follower, leader] = found[0] === 'follows' ? grid.hubs : grid.hubs.toReversed();
  if (!follower || !leader) throw new Error('there are not two hubs');
  // One stage has nobody yet: the hub that follows says so, too.
  await expect.poll(() => healthOf(follower)).toMatchObject({ status: 'waiting', ready: false });

  await using context = await browser.newContext({ baseURL: follower.url });
  await context.addInitScript(() => localStorage.setItem('potluck.tab', JSON.stringify({ device: 'wasm' })));
  const tab = await context.newPage();
  const link = { hubUrl: follower.url, token: follower.joinToken, name: 'tab', memoryBytes: 500e6 };
  await tab.goto(joinLink({ ...link, auto: true }));
  await expect.poll(() => healthOf(follower)).toMatchObject({ role: 'follows', status: 'ok', ready: true });
  // They found each other by the hubs, and talk past them.
  const direct = { peers: [{ state: 'direct' }] };
  await expect.poll(() => nodesOf(follower)).toMatchObject([direct, direct]);

  const page = await context.newPage();
  await page.goto('/');
  await keepShort(page, 60);
  await say(page, 'What is the capital of France?');
  const answers = page.getByRole('article', { name: 'Answer' });
  await expect(answers.last()).toContainText('Paris');
  await askForStory(page);
  await seeBeginning(page, 1);
  await stop(leader.child, 'SIGKILL');
  const read = (await answers.last().locator('.markdown').textContent()) ?? '';
  await expect(answers.last().getByText(/survived the loss of the hub/)).toBeVisible({ timeout: mostMs });
  await expect(page.getByRole('alert')).toHaveCount(0);
  const whole = (await answers.last().locator('.markdown').textContent()) ?? '';
  expect(whole.startsWith(read.trimEnd().slice(0, 40))).toBe(true);
  expect(whole.length).toBeGreaterThan(read.length);
  await expect.poll(() => healthOf(follower)).toMatchObject({ role: 'leads', ready: true });
  await expect(tab.locator('html')).toHaveAttribute('data-worker-state', 'contributing');
});
