import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { BadStepError, CacheMissError, ComputeError, NoRoomError, StageGoneError } from '../errors.ts';
import { nextTurn } from '../queue/nextTurn.ts';
import { RunQueue } from '../queue/runQueue.ts';
import { nodeOrt } from '../testing/nodeOrt.ts';
import { greedy, TestPipeline } from '../testing/testPipeline.ts';
import { model, prompt, stageOf } from '../testing/tinyStages.ts';
import { watchOverlap } from '../testing/watchOverlap.ts';
import type { StageOptions } from './stageOptions.ts';

describe('a stage', () => {
  const whole = async (options?: Partial<StageOptions>) =>
    stageOf((await model('fused')).stage({ firstLayer: 0, lastLayer: 3 }), options);
  const opening = {
    cacheId: 'a',
    epoch: 2,
    capacity: 32,
    promptLength: 3,
    sampling: greedy,
    tokens: [1, 2, 3],
  };
  const step = { cacheId: 'a', epoch: 2, position: 0, length: 3, tokenIds: [1, 2, 3], sample: true };

  it.each([
    ['an unknown cache', { cacheId: 'b' }],
    ['another epoch', { epoch: 1 }],
    ['a position that it is not at', { position: 1 }],
  ])('answers a step for %s with a cache miss', async (_, wrong) => {
    const stage = await whole();
    await stage.open(opening);
    await expect(stage.step({ ...step, ...wrong })).rejects.toThrow(CacheMissError);
    await expect(stage.step({ ...step, ...wrong })).rejects.toMatchObject({ code: 'cache-miss' });
    await expect(stage.step(step)).resolves.toHaveProperty('sampled');
  });

  it('refuses a cache beyond its budget with the numbers', async () => {
    const stage = await whole({ cacheBytes: 20_000 });
    const bytesPerToken = stage.description.cacheBytesPerToken;
    await stage.open({ ...opening, capacity: 10 });
    expect(await stage.usage()).toEqual({ reservedBytes: 10 * bytesPerToken, caches: 1 });
    const refused = (): Promise<void> => stage.open({ ...opening, cacheId: 'b', capacity: 200 });
    await expect(refused()).rejects.toThrow(NoRoomError);
    await expect(refused()).rejects.toThrow(
      expect.objectContaining({
        asked: 200 * bytesPerToken,
        available: 20_000 - 10 * bytesPerToken,
        capacity: 20_000,
        code: 'no-room',
      }),
    );
    expect((await stage.usage()).caches).toBe(1);
  });

  it('refuses more tokens than the cache or the context has room for', async () => {
    const stage = await whole();
    await stage.open({ ...opening, capacity: 2 });
    await expect(stage.step(step)).rejects.toThrow(NoRoomError);
    await expect(stage.open({ ...opening, cacheId: 'b', capacity: 10_000 })).rejects.toThrow(NoRoomError);
  });

  it.each([
    ['without token ids', { tokenIds: undefined }],
    ['with too few token ids', { tokenIds: [1] }],
    ['with a token beyond the vocabulary', { tokenIds: [1, 2, 512] }],
    ['of no tokens', { length: 0, tokenIds: [] }],
    [
      'with boundary tensors that it does not take',
      { boundary: [{ type: 'float32', dims: [1], bytes: new Uint8Array(4) }] },
    ],
  ] as const)('refuses a step %s', async (_, wrong) => {
    const stage = await whole();
    await stage.open(opening);
    await expect(stage.step({ ...step, ...wrong } as never)).rejects.toThrow(BadStepError);
  });

  it('takes boundary tensors at any place in memory, and no others', async () => {
    const [first, second] = (await model('fused')).stages(2);
    if (!first || !second) throw new Error('Two stages expected');
    const [early, late] = [await stageOf(first), await stageOf(second)];
    for (const stage of [early, late]) await stage.open(opening);
    const { boundary = [] } = await early.step(step);
    const shifted = boundary.map((tensor) => {
      const bytes = new Uint8Array(tensor.bytes.byteLength + 1).subarray(1);
      bytes.set(tensor.bytes);
      return { ...tensor, bytes };
    });
    await expect(late.step({ ...step, boundary: [] })).rejects.toThrow(BadStepError);
    await expect(
      late.step({ ...step, boundary: shifted.map((tensor) => ({ ...tensor, dims: [1] })) }),
    ).rejects.toThrow(BadStepError);
    await expect(late.step({ ...step, boundary: shifted })).resolves.toHaveProperty('sampled');
  });

  it('does not sample unless asked, and then needs a description', async () => {
    const stage = await whole();
    const { sampling: _sampling, ...without } = opening;
    await stage.open(without);
    const result = await stage.step({ ...step, sample: false });
    expect(result.sampled).toBeUndefined();
    expect(result.boundary).toBeUndefined();
    await expect(stage.step({ ...step, position: 3 })).rejects.toThrow(BadStepError);
  });

  it('refuses to draw with penalties when it does not know the tokens so far', async () => {
    const stage = await whole();
    await stage.open({ ...opening, tokens: [1], sampling: { ...greedy, presencePenalty: 1 } });
    await expect(stage.step(step)).rejects.toThrow(CacheMissError);
  });

  it('drops the queued steps of a cache that is released', async () => {
    const stage = await whole();
    await stage.open(opening);
    await nextTurn();
    const first = stage.step(step);
    const second = stage.step({ ...step, position: 3, length: 1, tokenIds: [5] });
    await stage.release('a');
    await expect(first).resolves.toHaveProperty('sampled');
    await expect(second).rejects.toThrow(CacheMissError);
    expect(await stage.usage()).toMatchObject({ reservedBytes: 0, caches: 0 });
  });

  it('carries a cache with its rows into a later epoch', async () => {
    const stage = await whole();
    await stage.open(opening);
    await stage.step(step);
    await stage.open({ ...opening, epoch: 3 });
    const next = { ...step, position: 3, length: 1, tokenIds: [5] };
    await expect(stage.step(next)).rejects.toThrow(CacheMissError);
    await expect(stage.step({ ...next, epoch: 3 })).resolves.toHaveProperty('sampled');
    await expect(stage.open({ ...opening, epoch: 3 })).rejects.toThrow(CacheMissError);
  });

  it('leaves no cache behind after warming up', async () => {
    const [, late] = (await model('fused')).stages(2);
    if (!late) throw new Error('Two stages expected');
    const stage = await stageOf(late);
    await stage.warmUp();
    expect((await stage.usage()).caches).toBe(0);
  });

  it('reads its weights from a folder', async () => {
    const artifact = (await model('fused')).stage({ firstLayer: 0, lastLayer: 3 });
    const folder = await mkdtemp(path.join(tmpdir(), 'potluck-weights-'));
    for (const { path: name, data } of artifact.weights) {
      await writeFile(path.join(folder, name), data as Uint8Array);
    }
    const stage = await stageOf({ ...artifact, weights: [], weightsFolder: folder });
    const answer = await new TestPipeline([stage]).answer(prompt, 4);
    expect(answer).toEqual(await new TestPipeline([await whole()]).answer(prompt, 4));
    await rm(folder, { recursive: true });
  });

  it('keeps what ONNX Runtime said when it fails', async () => {
    const artifact = (await model('fused')).stage({ firstLayer: 0, lastLayer: 3 });
    const error: unknown = await stageOf({ ...artifact, weights: [] }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ComputeError);
    expect((error as ComputeError).cause).toBeInstanceOf(Error);
  });

  it.each(['in memory', 'in a folder'])('reads no file but its own, with weights %s', async (place) => {
    const artifact = (await model('fused')).stage({ firstLayer: 0, lastLayer: 3 });
    const folder = await mkdtemp(path.join(tmpdir(), 'potluck-weights-'));
    const [{ path: own, data }] = artifact.weights as [{ path: string; data: Uint8Array }];
    // What is not the stage's lies beside its weights, under a name as long as theirs.
    const foreign = `x${own.slice(1)}`;
    await writeFile(path.join(folder, foreign), data);
    for (const { path: name, data: bytes } of artifact.weights) {
      await writeFile(path.join(folder, name), bytes as Uint8Array);
    }
    const graph = Buffer.from(artifact.graph);
    for (let at = graph.indexOf(own); at >= 0; at = graph.indexOf(own)) graph.write(foreign, at);
    const hostile = { ...artifact, graph: new Uint8Array(graph) };
    const given = place === 'in memory' ? hostile : { ...hostile, weights: [], weightsFolder: folder };
    const started = process.cwd();
    process.chdir(folder);
    await expect(stageOf(given)).rejects.toThrow(`The stage's graph is refused: ${foreign}`);
    process.chdir(started);
    await rm(folder, { recursive: true });
  });

  it('is gone after it was disposed', async () => {
    const stage = await whole();
    await stage.open(opening);
    await nextTurn();
    const queued = [stage.step(step), stage.step({ ...step, position: 3 })];
    const gone = stage.dispose();
    await expect(queued[1]).rejects.toThrow(StageGoneError);
    await Promise.allSettled(queued);
    await gone;
    await expect(stage.open(opening)).rejects.toThrow(StageGoneError);
    await expect(stage.step(step)).rejects.toMatchObject({ code: 'stage-gone' });
    expect((await stage.usage()).reservedBytes).toBe(0);
  });

  it('never lets two calls of ONNX Runtime overlap, also not those of two stages', async () => {
    const watched = watchOverlap(nodeOrt);
    const queue = new RunQueue();
    const artifacts = (await model('fused')).stages(2);
    const stages = await Promise.all(artifacts.map((artifact) => stageOf(artifact, { queue }, watched.ort)));
    const pipeline = new TestPipeline(stages);
    await Promise.all([
      pipeline.answer(prompt, 6, greedy, 'first'),
      pipeline.answer([5, 6], 6, greedy, 'second'),
      stages[0]?.warmUp(),
    ]);
    await Promise.all(stages.map((stage) => stage.dispose()));
    expect(watched.most()).toBe(1);
    expect(watched.calls()).toBeGreaterThan(25);
  });
});
