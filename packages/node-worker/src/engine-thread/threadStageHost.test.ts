import type { LoadedStage, StageArtifact } from '@potluck/engine';
import { importRandomModel } from '@potluck/engine/testing';
import { exerciseStage } from '@potluck/engine/testing/exercise';
import { tinyDecoder } from '@potluck/onnx/testing';
import { SamplingDescription } from '@potluck/protocol';
import { silentLog } from '@potluck/worker';
import { expect, test } from 'vitest';
import { nodeStages } from './nodeStages.ts';
import { threadStageHost } from './threadStageHost.ts';

const cacheBytes = 1e6;
const sampling = SamplingDescription.parse({ temperature: 0, seed: 1 });
const tokens = [1, 7, 33];

async function wholeStage(): Promise<StageArtifact> {
  const model = await importRandomModel({ ...tinyDecoder, tokenizer: false });
  const [artifact] = model.stages(1);
  // The host takes the buffers away: copies for each load.
  return structuredClone(artifact) as StageArtifact;
}

async function firstToken(stage: LoadedStage): Promise<number | undefined> {
  await stage.open({ cacheId: 'one', epoch: 1, capacity: 8, promptLength: 3, sampling, tokens });
  const step = { cacheId: 'one', epoch: 1, position: 0, length: 3, tokenIds: tokens, sample: true };
  return (await stage.step(step)).sampled?.token;
}

test('a thread that ends fails what it was asked, says that its stages are lost, and is replaced', async () => {
  const entry = new URL('../../testing/mortalEngineThread.ts', import.meta.url);
  const host = threadStageHost({ log: silentLog, entry }, { provider: 'cpu', threads: 1 });
  const stage = await host.load(await wholeStage(), cacheBytes);
  const token = await firstToken(stage);
  expect(token).toBeTypeOf('number');

  const lost = expect(stage.lost).rejects.toMatchObject({ code: 'compute-failed' });
  await expect(stage.release('last')).rejects.toMatchObject({ code: 'compute-failed' });
  await lost;
  await expect(firstToken(stage)).rejects.toThrow(/thread is gone/);

  const next = await host.load(await wholeStage(), cacheBytes);
  expect(await firstToken(next)).toBe(token);
  await host.close();
});

test('a stage in a thread keeps the contract as one in this process does', async () => {
  const host = threadStageHost({ log: silentLog }, { provider: 'cpu', threads: 1 });
  const remote = await host.load(await wholeStage(), cacheBytes);
  const local = await nodeStages({ provider: 'cpu', threads: 1 })(await wholeStage(), cacheBytes);
  expect(remote.cacheBytes).toBe(local.cacheBytes);
  expect(remote.stepShape).toEqual(local.stepShape);
  expect(await exerciseStage(remote)).toEqual(await exerciseStage(local));
  await host.close();
});

test('buffers cross to the thread and back without a copy', async () => {
  const model = await importRandomModel({ ...tinyDecoder, tokenizer: false });
  const [early, late] = model.stages(2).map((artifact) => structuredClone(artifact)) as [
    StageArtifact,
    StageArtifact,
  ];
  const host = threadStageHost({ log: silentLog }, { provider: 'cpu', threads: 1 });
  const weights = early.weights.map(({ data }) => data as Uint8Array);
  const [first, second] = [await host.load(early, cacheBytes), await host.load(late, cacheBytes)];
  // A buffer that was transferred is empty at the end that it left.
  expect([early.graph, ...weights].map(({ byteLength }) => byteLength)).toEqual([0, ...weights.map(() => 0)]);
  const opening = { cacheId: 'one', epoch: 1, capacity: 8, promptLength: 3, sampling, tokens };
  for (const stage of [first, second]) await stage.open(opening);
  const step = { cacheId: 'one', epoch: 1, position: 0, length: 3, sample: true };
  const { boundary = [] } = await first.step({ ...step, tokenIds: tokens });
  expect(boundary.every(({ bytes }) => bytes.byteLength > 0)).toBe(true);
  expect(await second.step({ ...step, boundary })).toHaveProperty('sampled');
  expect(boundary.map(({ bytes }) => bytes.byteLength)).toEqual(boundary.map(() => 0));
  await host.close();
});

test('a host that is closed fails what was asked of it', async () => {
  const host = threadStageHost({ log: silentLog }, { provider: 'cpu', threads: 1 });
  const stage = await host.load(await wholeStage(), cacheBytes);
  const asked = expect(stage.warmUp()).rejects.toMatchObject({ code: 'stage-gone' });
  await host.close();
  await asked;
  await expect(stage.usage()).rejects.toMatchObject({ code: 'stage-gone' });
});

test('a host that is closed while its thread computes ends when the run has ended, and the process goes on', async () => {
  const model = await importRandomModel({ ...tinyDecoder, layers: 8, hiddenSize: 256, tokenizer: false });
  const [artifact] = model.stages(1) as [StageArtifact];
  const host = threadStageHost({ log: silentLog }, { provider: 'cpu', threads: 1 });
  const stage = await host.load(structuredClone(artifact), 1e8);
  const prompt = Array.from({ length: 200 }, (_, index) => index % 256);
  await stage.open({ cacheId: 'one', epoch: 1, capacity: 256, promptLength: 200, sampling, tokens: prompt });
  const step = { cacheId: 'one', epoch: 1, position: 0, length: 200, tokenIds: prompt, sample: true };
  const asked = stage.step(step).catch((error: unknown) => error);
  // Longer than the message takes, and shorter than the run.
  await stage.usage();
  await host.close();
  expect(await asked).toMatchObject({ code: 'stage-gone' });
});

test('an error of the stage keeps its code on the way out of the thread', async () => {
  const host = threadStageHost({ log: silentLog }, { provider: 'cpu', threads: 1 });
  const stage = await host.load(await wholeStage(), cacheBytes);
  const step = { cacheId: 'none', epoch: 1, position: 0, length: 1, tokenIds: [1], sample: true };
  await expect(stage.step(step)).rejects.toMatchObject({ code: 'cache-miss' });
  await host.close();
});
