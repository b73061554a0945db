import type { LoadedStage } from '@potluck/engine';
import { Sha256 } from '@potluck/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { echoStage, echoStageHost } from '../../testing/echoStageHost.ts';
import { measurePromptSteps } from './measurePromptSteps.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

const description = echoStage({
  layerCount: 2,
  firstLayer: 0,
  lastLayer: 1,
  graph: { sha256: Sha256.parse('a'.repeat(64)), size: 10 },
});

/** A stage whose steps take so long by a clock that nothing else moves. */
async function timedStage(time: (tokens: number, run: number) => number, cacheBytes = 1e6) {
  const host = echoStageHost();
  const loaded = await host.load({ description, graph: new Uint8Array(0), weights: [] }, cacheBytes);
  const lengths: number[] = [];
  const stage: LoadedStage = {
    ...loaded,
    async step(request) {
      lengths.push(request.length);
      vi.advanceTimersByTime(time(request.length, lengths.filter((one) => one === request.length).length));
      return { ...(await loaded.step(request)), queueMs: 1 };
    },
  };
  return { stage, lengths, openCaches: host.openCaches };
}

it('takes the mean of the runs after the first, without the queue, and leaves no cache', async () => {
  const { stage, openCaches } = await timedStage((tokens, run) => {
    if (tokens === 1) return 5;
    return run === 1 ? 400 : tokens / 10 + run;
  });
  expect(await measurePromptSteps(stage, description, [100, 200])).toEqual([
    // Steps of one token run behind the shortest chunk only.
    { tokens: 100, milliseconds: 11.5, nextTokenMs: 4 },
    { tokens: 200, milliseconds: 21.5 },
  ]);
  expect(openCaches.size).toBe(0);
});

it('times steps of one token also behind a chunk that is too slow to run again', async () => {
  const { stage } = await timedStage((tokens) => 10 * tokens);
  expect(await measurePromptSteps(stage, description, [100])).toEqual([
    { tokens: 100, milliseconds: 999, nextTokenMs: 9 },
  ]);
});

it('does not try what would take long', async () => {
  const slow = await timedStage((tokens) => 10 * tokens);
  expect(await measurePromptSteps(slow.stage, description, [256, 512, 1024])).toHaveLength(1);
  expect(slow.lengths.filter((length) => length > 1)).toEqual([256]);
  const medium = await timedStage((tokens) => tokens);
  await measurePromptSteps(medium.stage, description, [256, 512, 1024]);
  expect(new Set(medium.lengths)).toEqual(new Set([256, 1]));
});

it('leaves out what has no room, is longer than the context, or fails', async () => {
  const small = await timedStage(() => 1, 300 * description.cacheBytesPerToken);
  expect(await measurePromptSteps(small.stage, description, [256, 512])).toHaveLength(1);
  const short = await timedStage(() => 1);
  const limited = { ...description, contextLength: 300 };
  expect(await measurePromptSteps(short.stage, limited, [256, 512])).toHaveLength(1);
  const failing = await timedStage((tokens) => {
    if (tokens > 256) throw new Error('the GPU has no memory left');
    return 1;
  });
  expect(await measurePromptSteps(failing.stage, description, [256, 512, 1024])).toHaveLength(1);
  expect(failing.openCaches.size).toBe(0);
});
