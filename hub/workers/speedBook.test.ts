import { randomUUID } from 'node:crypto';
import { WorkerId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import type { StepSample } from '../placement/prediction/samples.ts';
import { SpeedBook, type NodeSpeed } from './speedBook.ts';

const worker = {
  id: WorkerId.parse(randomUUID()),
  device: { kind: 'cpu', description: 'a processor' },
} as const;

const sample = (milliseconds: number, changes: Partial<StepSample> = {}): StepSample => ({
  model: 'model',
  weightBytes: 100,
  milliseconds,
  source: 'served',
  ...changes,
});

function book(): { speeds: SpeedBook; kept: NodeSpeed[] } {
  const kept: NodeSpeed[] = [];
  return { speeds: new SpeedBook([], (_, speed) => kept.push(speed)), kept };
}

test('of answers the last ones stay, of trials the last of each step', () => {
  const { speeds } = book();
  speeds.measured(worker, sample(30, { source: 'tried' }));
  speeds.measured(worker, sample(40, { source: 'tried', cacheBytes: 10 }));
  expect(speeds.samplesOf(worker)).toHaveLength(2);
  // The same step tried again.
  speeds.measured(worker, sample(20, { source: 'tried' }));
  expect(speeds.samplesOf(worker).map(({ milliseconds }) => milliseconds)).toEqual([20, 40]);
  speeds.measured(worker, sample(10));
  speeds.measured(worker, sample(30, { source: 'tried' }));
  expect(speeds.samplesOf(worker).map(({ milliseconds }) => milliseconds)).toEqual([30, 10, 40]);
  for (let milliseconds = 11; milliseconds <= 20; milliseconds++)
    speeds.measured(worker, sample(milliseconds));
  speeds.measured(worker, sample(5, { model: 'another' }));
  expect(speeds.samplesOf(worker).map(({ milliseconds }) => milliseconds)).toEqual([
    5, 20, 19, 18, 17, 16, 15, 14, 13, 30, 40,
  ]);
});

test('when it was measured means nothing to another run of the hub', () => {
  const { speeds, kept } = book();
  speeds.measured(worker, sample(10, { at: 1000 }));
  expect(speeds.samplesOf(worker)).toEqual([sample(10, { at: 1000 })]);
  const again = new SpeedBook([[worker.id, kept[0] as NodeSpeed]], () => undefined);
  expect(again.samplesOf(worker)).toEqual([sample(10)]);
});

test('it is kept when it changed, and known after a restart, for the same device', () => {
  const { speeds, kept } = book();
  speeds.measured(worker, sample(10));
  speeds.measured(worker, sample(10.01));
  expect(kept).toHaveLength(1);
  speeds.measured(worker, sample(20));
  expect(kept).toHaveLength(2);
  const again = new SpeedBook([[worker.id, kept[1] as NodeSpeed]], () => undefined);
  expect(again.samplesOf(worker)).toHaveLength(3);
  expect(again.samplesOf({ ...worker, device: { kind: 'wasm', description: 'a processor' } })).toEqual([]);
});

test('chunks of prompts are kept beside steps of one token', () => {
  const { speeds, kept } = book();
  speeds.measuredPrompt(worker, { ...sample(100), tokens: 200 });
  speeds.measuredPrompt(worker, { ...sample(160), tokens: 240 });
  expect(speeds.promptSamplesOf(worker)).toEqual([
    { ...sample(160), tokens: 240 },
    { ...sample(100), tokens: 200 },
  ]);
  expect(speeds.samplesOf(worker)).toEqual([]);
  // A prompt of one token tells nothing.
  speeds.measuredPrompt(worker, { ...sample(1), tokens: 1 });
  expect(kept).toHaveLength(2);
});

test('ways are kept by whom they lead to and how, as far as they are possible', () => {
  const { speeds } = book();
  const to = WorkerId.parse(randomUUID());
  for (const milliseconds of [1, 2, 3, 4, 5, -1, Number.NaN]) {
    speeds.measuredWay(worker, { to, relayed: false, milliseconds });
  }
  speeds.measuredWay(worker, { to, relayed: true, milliseconds: 9 });
  expect(speeds.waysOf(worker).map(({ milliseconds }) => milliseconds)).toEqual([9, 5, 4, 3, 2]);
});

test('a hidden tab’s steps say nothing of it when somebody looks', () => {
  const { speeds } = book();
  speeds.measured(worker, sample(10));
  speeds.measured(worker, sample(30, { hidden: true }));
  expect(speeds.samplesOf(worker)).toEqual([sample(30, { hidden: true }), sample(10)]);
});

test.each([
  ['is not a number', sample(Number.NaN)],
  ['is negative', sample(-1)],
  ['is faster than any device', sample(1e-9)],
  ['reads faster than any memory', sample(1, { weightBytes: 1e12 })],
  ['reads less than nothing', sample(1, { weightBytes: -1 })],
  ['reads less than nothing of caches', sample(1, { cacheBytes: -1 })],
  ['never ends', sample(1e12)],
  ['is infinite', sample(Infinity)],
])('a measurement that %s is refused with a reason, also where it was kept', (_, impossible) => {
  const { speeds, kept } = book();
  expect(speeds.measured(worker, impossible)).toMatch(/^a step of /);
  expect(speeds.measuredPrompt(worker, { ...impossible, tokens: 100 })).toMatch(/^a chunk of 100 tokens /);
  expect([speeds.samplesOf(worker), speeds.promptSamplesOf(worker), kept]).toEqual([[], [], []]);
  const speed = { device: 'cpu: a processor', samples: [impossible, sample(10)] };
  expect(new SpeedBook([[worker.id, speed]], () => undefined).samplesOf(worker)).toEqual([sample(10)]);
});
