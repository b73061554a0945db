import { Sha256 } from '@potluck/protocol';
import { expect, it } from 'vitest';
import { echoStage, echoStageHost } from '../../testing/echoStageHost.ts';
import { silentLog } from '../log.ts';
import { isKeptCache, StageCaches } from './stageCaches.ts';

/** Room of the stage, in tokens. */
const room = 20;

/** The only stage of a model of one layer, whose tokens are sums of all before. */
async function setup() {
  const graph = { sha256: Sha256.parse('a'.repeat(64)), size: 10 };
  const description = echoStage({ layerCount: 1, firstLayer: 0, lastLayer: 0, graph });
  const artifact = { description, graph: new Uint8Array(0), weights: [] };
  const host = echoStageHost();
  const stage = await host.load(artifact, room * description.cacheBytesPerToken);
  const caches = new StageCaches({ stage, log: silentLog }, { retainBytes: 0 });
  const open = (
    cacheId: string,
    capacity: number,
    from?: { cacheId: string; length: number; take: boolean },
  ) => caches.open({ cacheId, epoch: 1, capacity, promptLength: 4 }, { from });
  const run = async (cacheId: string, position: number, tokenIds: number[]) => {
    const { length } = tokenIds;
    const step = { cacheId, epoch: 1, position, length, tokenIds, sample: true };
    return (await caches.step(step)).sampled?.token;
  };
  const usedTokens = async () => (await stage.usage()).reservedBytes / description.cacheBytesPerToken;
  return { caches, host, open, run, usedTokens };
}

/** What follows [1, 2, 3, 4], by the echo model: each token and one for its layer. */
const ofPrompt = 1 + 2 + 3 + 4 + 4;

it('a kept cache takes as much room as its tokens, and others begin with it', async () => {
  const { caches, open, run, usedTokens } = await setup();
  await open('a', 10);
  await run('a', 0, [1, 2, 3, 4]);
  expect(await caches.keep('a', 1, 3)).toBe(true);
  expect(await usedTokens()).toBe(3);

  expect(await open('b', 8, { cacheId: 'a', length: 3, take: false })).toMatchObject({ length: 3 });
  expect(await run('b', 3, [4])).toBe(ofPrompt);
  expect(await usedTokens()).toBe(11);
  // One that runs is copied, also where it was to be taken.
  expect(await open('c', 5, { cacheId: 'b', length: 2, take: true })).toMatchObject({ length: 2 });
  expect(await run('c', 2, [3, 4])).toBe(ofPrompt);
  expect(await run('b', 4, [0])).toBe(ofPrompt + 1);

  await caches.release('b');
  await caches.release('c');
  expect(await open('d', 20, { cacheId: 'a', length: 3, take: true })).toMatchObject({ length: 3 });
  expect(await run('d', 3, [4])).toBe(ofPrompt);
  expect(await usedTokens()).toBe(20);
});

it.each([
  ['is not here', 'z', 3],
  ['is shorter', 'a', 4],
])('a session begins empty where the other cache %s', async (_, cacheId, length) => {
  const { caches, open, run } = await setup();
  await open('a', 10);
  await run('a', 0, [1, 2, 3, 4]);
  await caches.keep('a', 1, 3);
  expect(await open('b', 8, { cacheId, length, take: true })).toMatchObject({ length: 0 });
  expect(await run('b', 0, [1, 2, 3, 4])).toBe(ofPrompt);
});

it('kept caches give way to sessions, the longest kept first', async () => {
  const { caches, host, open, run, usedTokens } = await setup();
  for (const cacheId of ['a', 'b']) {
    await open(cacheId, 10);
    await run(cacheId, 0, [1, 2, 3, 4]);
    await caches.keep(cacheId, 1, 4);
  }
  expect(await open('c', 16, { cacheId: 'b', length: 4, take: false })).toMatchObject({ length: 4 });
  expect([...host.openCaches].filter(isKeptCache)).toEqual(['b kept']);
  caches.drop('b');
  caches.drop('b');
  expect(await usedTokens()).toBe(16);
});

it('what is not there is not kept', async () => {
  const { caches, open, run, usedTokens } = await setup();
  await open('a', 10);
  await run('a', 0, [1, 2]);
  expect(await caches.keep('a', 0, 2)).toBe(false);
  expect(await caches.keep('z', 1, 2)).toBe(false);
  expect(await caches.keep('a', 1, 3)).toBe(false);
  expect(await usedTokens()).toBe(0);
});
