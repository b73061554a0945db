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

test('answers count more than a trial, and each of them a half', () => {
  const { speeds } = book();
  speeds.measured(worker, sample(30, { source: 'tried' }));
  speeds.measured(worker, sample(10));
  speeds.measured(worker, sample(30, { source: 'tried' }));
  expect(speeds.samplesOf(worker)).toEqual([sample(10)]);
  speeds.measured(worker, sample(20));
  expect(speeds.samplesOf(worker)).toEqual([sample(15)]);
  // Twice the layers: 30 ms would be as fast as before.
  speeds.measured(worker, sample(40, { weightBytes: 200 }));
  expect(speeds.samplesOf(worker)).toEqual([sample(35, { weightBytes: 200 })]);
});

test('it is kept when it changed, and known after a restart, for the same device', () => {
  const { speeds, kept } = book();
  speeds.measured(worker, sample(10));
  speeds.measured(worker, sample(10.01));
  expect(kept).toHaveLength(1);
  speeds.measured(worker, sample(20));
  expect(kept).toHaveLength(2);
  const again = new SpeedBook([[worker.id, kept[1] as NodeSpeed]], () => undefined);
  expect(again.samplesOf(worker)).toHaveLength(1);
  expect(again.samplesOf({ ...worker, device: { kind: 'wasm', description: 'a processor' } })).toEqual([]);
});
