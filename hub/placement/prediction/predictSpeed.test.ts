import { randomUUID } from 'node:crypto';
import { ModelId, PipelineId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { gridOf, gridWorker, type GridWorkerInit } from '../../testing/gridView.ts';
import type { GridLink, GridView, GridWorker } from '../gridView.ts';
import { predictAnswer, predictSpeed } from './predictSpeed.ts';
import type { StageToPredict } from './stageToPredict.ts';
import type { StepSample } from './samples.ts';
import type { PredictedModel } from './tokenBytes.ts';

/** Ten layers of 10 MB, a head of 20 MB, 4 KB across each boundary. */
const model: PredictedModel = {
  id: ModelId.parse('ten-layers'),
  layers: Array.from({ length: 10 }, (_, layer) => ({
    weightBytes: 10e6,
    cacheBytesPerToken: 0,
    stateBytes: 0,
    boundary: layer === 0 ? [] : [{ name: 'hidden', type: 'float32', dims: [1, 'step', 1000] }],
  })),
  headBytes: 20e6,
  tiedBytes: 0,
};

const worker = (name: string, init: GridWorkerInit = {}): GridWorker => gridWorker(name, 1e9, init);

/** All know the same of their ways to all others. */
const gridWith = (workers: GridWorker[], link?: (from: GridWorker) => GridLink): GridView =>
  gridOf(
    workers,
    link
      ? workers.flatMap((from) =>
          workers.map((to): [GridWorker, GridWorker, GridLink] => [from, to, link(from)]),
        )
      : [],
  );

const gpu = (kind: 'wasm' | 'webgpu', description: string): GridWorkerInit => ({
  device: { kind, description, float16: true },
});

/** What a worker did with the whole model. */
const whole = (milliseconds: number, name: string = model.id): StepSample => ({
  model: name,
  weightBytes: 120e6,
  milliseconds,
  source: 'served',
});

const at = ({ id: workerId }: GridWorker, firstLayer: number, lastLayer: number): StageToPredict => ({
  workerId,
  firstLayer,
  lastLayer,
  memoryBytes: 100e6,
});

const direct: GridLink = { state: 'direct', roundTripMs: 2, bytesPerSecond: 4_096_000 };

test('a worker that served the model is as fast as it was', () => {
  const desk = worker('desk', { tokenSteps: [whole(12.5)] });
  const prediction = predictSpeed(model, [at(desk, 0, 9)], gridWith([desk]));
  expect(prediction).toMatchObject({
    tokensPerSecond: 80,
    tokenMilliseconds: 12.5,
    basis: 'measured',
    stages: [{ milliseconds: 12.5, basis: 'measured', explanation: 'measured in answers' }],
    hops: [],
    dominatedBy: 'computing at desk: 13 of the 13 ms of each token',
    slowestNodeId: null,
    advice: null,
  });
});

test('stages take their share of the weights, hops half a round trip, their bytes, and handling', () => {
  const [desk, lap] = [
    worker('desk', { tokenSteps: [whole(12.5)] }),
    worker('lap', { tokenSteps: [whole(24.5)] }),
  ];
  const stages = [at(desk, 0, 4), at(lap, 5, 9)];
  const { hops, ...prediction } = predictSpeed(
    model,
    stages,
    gridWith([desk, lap], () => direct),
  );
  // A step costs 0.5 ms, and 1 ms for each 10 MB at desk; 2 ms at lap, which has the head, too.
  expect(prediction.stages.map(({ milliseconds }) => milliseconds)).toEqual([5.5, 14.5]);
  // 4096 bytes take 1 ms; the token on its way back next to nothing.
  expect(hops[0]).toMatchObject({ bytes: 4096, basis: 'measured', relayed: false });
  expect(hops[0]?.milliseconds).toBeCloseTo(0.3 + 1 + 1);
  expect(hops[1]).toMatchObject({ fromNodeId: lap.id, toNodeId: desk.id, bytes: 96 });
  expect(prediction.tokenMilliseconds).toBeCloseTo(5.5 + 14.5 + 2.3 + 1.3, 1);
  expect(prediction.tokensPerSecond).toBeCloseTo(1000 / prediction.tokenMilliseconds);
  expect(prediction.dominatedBy).toBe('computing at lap: 15 of the 24 ms of each token');
});

test('the device whose layers would gain most elsewhere is named, with what it costs', () => {
  const desk = worker('desk', { tokenSteps: [whole(12.5)] });
  const phone = worker('phone', { tokenSteps: [whole(240)] });
  const grid = gridWith([desk, phone], () => direct);
  const split = predictSpeed(model, [at(phone, 0, 4), at(desk, 5, 9)], grid);
  expect(split.slowestNodeId).toBe(phone.id);
  expect(split.advice).toMatch(
    /^phone slows it down most: with its layers at desk, a token would take 13 ms instead of 11\d ms$/,
  );
  const full = gridWith([{ ...desk, memory: { ...desk.memory, offeredBytes: 150e6 } }, phone], () => direct);
  expect(predictSpeed(model, [at(phone, 0, 4), at(desk, 5, 9)], full).advice).toMatch(
    /, but desk has no room for them$/,
  );
  // Caches give room back: those of another model there, or its own.
  const reservation = { model: ModelId.parse('other'), pipelineId: PipelineId.parse(randomUUID()) };
  const crowded = { ...desk.memory, offeredBytes: 250e6 };
  const reservations = [{ ...reservation, bytes: 100e6, reclaimableBytes: 60e6 }];
  const shrinkable = gridWith([{ ...desk, memory: { ...crowded, reservations } }, phone], () => direct);
  expect(predictSpeed(model, [at(phone, 0, 4), at(desk, 5, 9)], shrinkable).advice).toMatch(/ ms$/);
  const small = [at(phone, 0, 4), at(desk, 5, 9)].map((stage) => ({ ...stage, leastMemoryBytes: 70e6 }));
  expect(predictSpeed(model, small, full).advice).toMatch(/ ms$/);
  // One that stands by would do.
  expect(predictSpeed(model, [at(phone, 0, 9)], grid).advice).toMatch(/^phone .* at desk/);
  // One that has another replica would not.
  expect(predictSpeed(model, [at(phone, 0, 9)], grid, undefined, new Set([desk.id])).advice).toBeNull();
});

test('a slow way dominates, and is named', () => {
  const [desk, lap] = [
    worker('desk', { tokenSteps: [whole(12.5)] }),
    worker('lap', { tokenSteps: [whole(12.5)] }),
  ];
  const relayed: GridLink = { state: 'relayed', roundTripMs: 60 };
  const prediction = predictSpeed(
    model,
    [at(desk, 0, 4), at(lap, 5, 9)],
    gridWith([desk, lap], (from) => (from === desk ? relayed : direct)),
  );
  expect(prediction.hops.map((hop) => hop.relayed)).toEqual([true, false]);
  expect(prediction.dominatedBy).toMatch(
    /^the way between devices: 3\d of the 4\d ms .* from desk to lap, through the hub$/,
  );
});

test('what was never measured is a guess by the kind of device, and says so', () => {
  const tab = worker('tab', gpu('wasm', 'processor, 2 threads'));
  const desk = worker('desk', { tokenSteps: [whole(24, 'another-model')] });
  const guess = predictSpeed(model, [at(tab, 0, 9)], gridWith([tab]));
  expect(guess).toMatchObject({ basis: 'estimated', tokenMilliseconds: 2 + 120e6 / 3e6 });
  expect(guess.stages[0]?.explanation).toMatch(/browser without GPU reads about 3 GB/);
  const scaled = predictSpeed(model, [at(desk, 0, 9)], gridWith([desk]));
  expect(scaled).toMatchObject({ basis: 'scaled', tokenMilliseconds: 24 });
  expect(scaled.stages[0]?.explanation).toMatch(/another-model/);
  const both = predictSpeed(model, [at(desk, 0, 4), at(tab, 5, 9)], gridWith([desk, tab]));
  expect(both.basis).toBe('estimated');
  expect(both.hops[0]?.explanation).toMatch(/usual link/);
  const software = worker('tab', gpu('webgpu', 'SwiftShader Device'));
  const slow = predictSpeed(model, [at(software, 0, 9)], gridWith([software]));
  expect(slow.tokensPerSecond).toBeLessThan(1);
});

test('two stages at one worker need no hop between them', () => {
  const desk = worker('desk', { tokenSteps: [whole(12.5)] });
  const stages = [at(desk, 0, 4), at(desk, 5, 9)];
  expect(
    predictSpeed(
      model,
      stages,
      gridWith([desk], () => direct),
    ).hops,
  ).toEqual([]);
});

test('recent answers count most, and those that read as much', () => {
  const desk = (...tokenSteps: StepSample[]): GridWorker => worker('desk', { tokenSteps });
  const tokenMs = (one: GridWorker): number =>
    predictSpeed(model, [at(one, 0, 9)], gridWith([one])).tokenMilliseconds;
  const busyNow = tokenMs(desk(whole(40), whole(10)));
  expect(busyNow).toBeGreaterThan(20);
  expect(tokenMs(desk(whole(10), whole(40)))).toBeLessThan(20);
  // What a part of the layers took says less than the whole model's.
  const half = { ...whole(100), weightBytes: 60e6 };
  expect(tokenMs(desk(half, whole(10)))).toBeLessThan(tokenMs(desk(whole(200), whole(10))));
  // One answer is enough to forget the trial.
  expect(tokenMs(desk(whole(10), { ...whole(40), source: 'tried' }))).toBe(10);
});

test('a token behind a long conversation reads the caches, too', () => {
  const layers = model.layers.map((layer) => ({ ...layer, cacheBytesPerToken: 10e3 }));
  const desk = worker('desk', { tokenSteps: [whole(12.5)] });
  const speed = (promptTokens: number): number =>
    predictAnswer({ ...model, layers }, [at(desk, 0, 9)], gridWith([desk]), {
      promptTokens,
      chunkTokens: 256,
    }).tokensPerSecond;
  expect(speed(8)).toBeLessThan(80);
  // Twice 100 KB for each of 1,200 tokens are two models more.
  expect(1000 / speed(1200 - 64)).toBeCloseTo(0.5 + 12 * 3, 0);
});

test('what answers took on a way counts more than a round trip', () => {
  const lap = worker('lap', { tokenSteps: [whole(12.5)] });
  const ways = [{ to: lap.id, relayed: false, milliseconds: 7 }];
  const desk = worker('desk', { tokenSteps: [whole(12.5)], ways });
  const hops = (state: GridLink['state']): number[] =>
    predictSpeed(
      model,
      [at(desk, 0, 4), at(lap, 5, 9)],
      gridWith([desk, lap], () => ({ ...direct, state })),
    ).hops.map(({ milliseconds }) => milliseconds);
  // The way back was not told, and is the same.
  expect(hops('direct')).toEqual([7, 7]);
  expect(hops('relayed')).not.toContain(7);
});

test('the time to the first token is that of chunks as they were, and of what a request took beside them', () => {
  const request = { milliseconds: 50, promptTokens: 256, ways: 0 };
  const promptSteps = [{ ...whole(300), tokens: 256, request }];
  const desk = worker('desk', { tokenSteps: [whole(12.5)], promptSteps });
  const firstMs = (promptTokens: number): number =>
    predictAnswer(model, [at(desk, 0, 9)], gridWith([desk]), { promptTokens, chunkTokens: 256 }).firstTokenMs;
  // What is usual (10 ms) counts a little beside the 50.
  expect(firstMs(256)).toBeGreaterThan(300 + 40);
  expect(firstMs(256)).toBeLessThan(300 + 50);
  // Two chunks; a request that was half as long says less of this one.
  expect(firstMs(512)).toBeGreaterThan(600 + 30);
  expect(firstMs(512)).toBeLessThan(600 + 50);
  const chunkMs = 300 * ((1 + 127 * 0.2) / (1 + 255 * 0.2));
  expect(firstMs(128)).toBeGreaterThan(chunkMs + 30);
  expect(firstMs(128)).toBeLessThan(chunkMs + 50);
  // Over another number of ways, what is usual counts.
  const lap = worker('lap', { tokenSteps: [whole(12.5)], promptSteps });
  const stages = [at(desk, 0, 4), at(lap, 5, 9)];
  const grid = gridWith([desk, lap], () => direct);
  const split = predictAnswer(model, stages, grid, { promptTokens: 256, chunkTokens: 256 });
  // 256 times 4,096 bytes at 4,096,000 bytes a second.
  expect(split.firstTokenMs).toBeCloseTo(300 + 256 + 1.3 + 10);
});
