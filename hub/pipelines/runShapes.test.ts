import type { RunShape } from '@potluck/protocol';
import { beforeEach, expect, test } from 'vitest';
import { puppetGrid, type PuppetGrid, type PuppetWorker } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';
import { deviceKind } from './deviceKind.ts';
import { standbyAfterMs } from './state/migration.ts';

const model = sizedModel({ name: 'model', layers: 4, layerBytes: 2.5e7, cacheBytes: 100 });
const slots: RunShape = { graph: 'slots', rows: 4 };
const own: RunShape = { graph: 'own', rows: 1 };

let grid: PuppetGrid;
beforeEach(() => (grid = puppetGrid({ standbyShare: 1 })));

/** @param more `runShape`: what it would choose by itself */
function joined(name: string, more: Partial<PuppetWorker> = {}): PuppetWorker {
  const worker = grid.worker(name, 1e9);
  Object.assign(worker, more);
  worker.join();
  return worker;
}

const asked = ({ assigned }: PuppetWorker): (RunShape | undefined)[] =>
  assigned.map(({ runShape }) => runShape);

test('who stands by, and who takes a lost stage over, runs it as it ran before, whatever its own trial said', async () => {
  const first = joined('first', { runShape: slots });
  grid.deployments.deploy(model, { mode: 'automatic', replicas: 1 });
  await grid.pass(1000);
  expect(asked(first)).toEqual([undefined]);
  const spare = joined('spare', { runShape: own });
  await grid.pass(standbyAfterMs);
  await grid.pass(1000);
  expect(asked(spare)).toEqual([slots]);
  first.leave();
  await grid.pass(1000);
  expect(asked(spare)).toEqual([slots, slots]);
  const third = joined('third', { runShape: own });
  spare.leave();
  await grid.pass(1000);
  expect(asked(third)).toEqual([slots]);
});

test('a further replica runs as the first one does, since answers may go on there', async () => {
  joined('first', { runShape: slots });
  grid.deployments.deploy(model, { mode: 'automatic', replicas: 1 });
  await grid.pass(1000);
  const second = joined('second', { runShape: own });
  grid.deployments.deploy(model, { mode: 'automatic', replicas: 2 }, 1);
  await grid.pass(1000);
  expect(asked(second)).toEqual([slots]);
});

test('another kind of device chooses by itself', async () => {
  const first = joined('first', { runShape: slots });
  grid.deployments.deploy(model, { mode: 'automatic', replicas: 1 });
  await grid.pass(1000);
  const other = joined('other', { device: { kind: 'wasm', description: 'processor', float16: true } });
  first.leave();
  await grid.pass(1000);
  expect(other.assigned).toHaveLength(1);
  expect(asked(other)).toEqual([undefined]);
});

test('a hub that was started again knows in what the stages ran', async () => {
  const first = grid.worker('first', 1e9);
  const ran = { runShape: slots, deviceKind: deviceKind(first.record(0)) };
  const served = { epoch: 3, replicas: [[{ workerId: first.id, firstLayer: 0, lastLayer: 3, ran }]] };
  grid.deployments.deploy(model, { mode: 'automatic', replicas: 1 }, undefined, served);
  const spare = joined('spare', { runShape: own });
  await grid.pass(20_000);
  expect(asked(spare)).toEqual([slots]);
});
