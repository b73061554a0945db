/** However a model is cut and its caches are kept, sessions go on as if nothing had been done. */
import { SamplingDescription } from '@potluck/protocol';
import { describe, expect, it } from 'vitest';
import type { CacheStrategyName } from '../cache/cacheStrategy.ts';
import { greedy } from '../testing/testPipeline.ts';
import { pipelineOf, prompt } from '../testing/tinyStages.ts';

const ways: [style: 'fused' | 'plain', strategy: CacheStrategyName, stages: number][] = [
  ['fused', 'growing', 1],
  ['fused', 'rows', 1],
  ['fused', 'rows', 3],
  ['plain', 'growing', 2],
  ['plain', 'rows', 1],
];

describe.each(ways)('a %s decoder with %s caches in %d stages', (style, cacheStrategy, count) => {
  it('answers as the model in one piece with growing caches does', async () => {
    const whole = await pipelineOf(style, 1, { cacheStrategy: 'growing' });
    const pipeline = await pipelineOf(style, count, { cacheStrategy });
    // More than one step of the rows that buffers grow by.
    expect(await pipeline.answer(prompt, 90)).toEqual(await whole.answer(prompt, 90));
  });

  it('gives every session the answer that it would have had alone', async () => {
    const pipeline = await pipelineOf(style, count, { cacheStrategy });
    const other = [8, 500, 2, 17, 3];
    const alone = [await pipeline.answer(prompt, 12), await pipeline.answer(other, 12)];
    const together = await Promise.all([
      pipeline.answer(prompt, 12, greedy, 'first'),
      pipeline.answer(other, 12, greedy, 'second'),
    ]);
    expect(together).toEqual(alone);
  });

  it('continues a fork and a truncated cache as if nothing had been', async () => {
    const pipeline = await pipelineOf(style, count, { cacheStrategy });
    await pipeline.open('a', prompt, 64);
    const answer = await pipeline.continue('a', 0, prompt, 10);
    const kept = prompt.length + 4;
    await pipeline.fork('a', 'b', { prompt, length: kept, capacity: 90 });
    await pipeline.fork('b', 'kept', { prompt, length: kept, capacity: kept });
    await pipeline.each((stage) => stage.truncate('a', kept));
    const rest = answer.slice(4);
    expect(await pipeline.continue('a', kept, rest.slice(0, 1), 5)).toEqual(rest.slice(1));
    expect(await pipeline.continue('b', kept, rest.slice(0, 1), 5)).toEqual(rest.slice(1));
    await pipeline.fork('kept', 'c', { prompt, length: kept, capacity: 64, take: true });
    expect(await pipeline.continue('c', kept, rest.slice(0, 1), 5)).toEqual(rest.slice(1));
    // Taken as a whole, without another capacity.
    await pipeline.fork('c', 'd', { prompt, length: kept + 5, capacity: 64, take: true });
    expect(await pipeline.continue('d', kept + 5, rest.slice(5), 1)).toHaveLength(1);
    await pipeline.each(async (stage) => expect((await stage.usage()).caches).toBe(3));
    for (const cacheId of ['a', 'b', 'd']) await pipeline.each((stage) => stage.release(cacheId));
    await pipeline.each(async (stage) =>
      expect(await stage.usage()).toEqual({ reservedBytes: 0, caches: 0 }),
    );
  });

  it('repeats the draws of a session when its tokens are replayed', async () => {
    const pipeline = await pipelineOf(style, count, { cacheStrategy });
    const sampling = SamplingDescription.parse({
      seed: 3,
      temperature: 1.2,
      repetitionPenalty: 1.1,
      topK: 40,
    });
    const answer = await pipeline.answer(prompt, 12, sampling);
    await pipeline.open('replay', prompt, 64, sampling);
    await pipeline.step('replay', 0, prompt, false);
    const sequence = [...prompt, ...answer];
    // Single steps again, so that kernels round as they did.
    for (let position = prompt.length; position < prompt.length + 5; position++) {
      await pipeline.step('replay', position, sequence.slice(position, position + 1), false);
    }
    await pipeline.each((stage) =>
      stage.open({
        cacheId: 'replay',
        epoch: 1,
        capacity: 64,
        promptLength: prompt.length,
        sampling,
        tokens: sequence.slice(0, prompt.length + 6),
      }),
    );
    const position = prompt.length + 5;
    expect(await pipeline.step('replay', position, sequence.slice(position, position + 1), true, 1)).toBe(
      answer[6],
    );
  });

  it('gives all room back', async () => {
    const pipeline = await pipelineOf(style, count, { cacheStrategy });
    for (let round = 0; round < 20; round++) await pipeline.answer(prompt, 3);
    await pipeline.each(async (stage) =>
      expect(await stage.usage()).toEqual({ reservedBytes: 0, caches: 0 }),
    );
  });
});
