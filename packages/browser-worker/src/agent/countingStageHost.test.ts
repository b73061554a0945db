import type { LoadedStage, StageArtifact } from '@potluck/engine';
import { trialCacheId } from '@potluck/worker';
import { expect, test } from 'vitest';
import { countingStageHost } from './countingStageHost.ts';

test('counts tokens, steps and open sessions of a stage that takes its time', async () => {
  let clock = 0;
  const stage = {
    open: async () => undefined,
    release: async () => undefined,
    dispose: async () => undefined,
    step: async () => {
      clock += 100;
      return { queueMs: 0, computeMs: 100, boundary: [{ bytes: new Uint8Array(8) }] };
    },
  } as unknown as LoadedStage;
  let changes = 0;
  const counting = countingStageHost(
    { load: async () => stage },
    () => changes++,
    () => clock,
  );
  const loaded = await counting.host.load({} as StageArtifact, 0);
  await loaded.open({ cacheId: trialCacheId, epoch: 0, capacity: 10, promptLength: 1 });
  await loaded.step({ cacheId: trialCacheId, epoch: 0, position: 0, length: 1, sample: true });
  await loaded.open({ cacheId: 'one', epoch: 0, capacity: 10, promptLength: 4 });
  await loaded.step({
    cacheId: 'one',
    epoch: 0,
    position: 0,
    length: 4,
    sample: false,
    boundary: [{ bytes: new Uint8Array(32) }] as never,
  });
  await loaded.step({ cacheId: 'one', epoch: 0, position: 4, length: 1, sample: true });
  expect(counting.counts()).toEqual({
    tokens: 5,
    steps: 2,
    tokensPerSecond: 25,
    answers: 1,
    bytes: 16 + 32,
    openSessions: 1,
  });
  await loaded.release('one');
  expect(counting.counts().openSessions).toBe(0);
  expect(changes).toBe(4);
});
