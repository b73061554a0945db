/** What taking in one report of a stage costs the hub: four models of 80 layers load on as many workers as possible. */
import type { StageReport } from '@potluck/protocol';
import { puppetGrid, settled } from '../../../hub/testing/puppetGrid.ts';
import { sizedModel } from '../../../hub/testing/sizedModel.ts';
import { median } from '../statistics.ts';

export interface ReportCost {
  what: string;
  workers: number;
  models: number;
  stages: number;
  reports: number;
  /** Of this thread's processor time, all reports together. */
  meanMs: number;
  /** Of each report the shortest time of all rounds, as the two below: the clock of the processor is too coarse for one. */
  medianMs: number;
  p99Ms: number;
  /** The last report of a pipeline, after which it serves, is among these. */
  maxMs: number;
}

const layers = 80;
const names = ['one', 'two', 'three', 'four'];
/** Of a stage while it loads, in this order. */
const reports: readonly Omit<StageReport, 'type' | 'assignmentId'>[] = [
  { state: 'downloading', progress: { doneBytes: 2e7, totalBytes: 1e8 } },
  { state: 'downloading', progress: { doneBytes: 6e7, totalBytes: 1e8 } },
  { state: 'compiling' },
  { state: 'warming' },
  { state: 'connecting' },
  { state: 'ready', cacheBytes: 1e9 },
];
/** Between two reports, on the clock of the grid. */
const everyMs = 5;
const mostPlacingMs = 5000;

/**
 * @param count workers of the grid, at least as many as stages of all models together for the full figure
 * @param rounds the same reports in a new grid; the first one warms up
 */
export async function measureStageReports(count: number, rounds = 6): Promise<ReportCost> {
  const [, ...measured] = await inTurn(rounds, () => measureRound(count));
  const [first] = measured;
  if (!first) throw new RangeError('the first round only warms up');
  const shortest = first.costs
    .map((_, index) => Math.min(...measured.map(({ costs }) => costs[index] ?? Infinity)))
    .toSorted((one, other) => one - other);
  return {
    ...{ what: 'stage report', workers: count, models: names.length, stages: first.stages },
    reports: shortest.length,
    meanMs: median(measured.map(({ processorMs }) => processorMs)) / shortest.length,
    medianMs: median(shortest),
    p99Ms: shortest[Math.ceil(0.99 * shortest.length) - 1] ?? Number.NaN,
    maxMs: shortest.at(-1) ?? Number.NaN,
  };
}

async function inTurn<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < count) results.push(await work());
  return results;
}

interface Round {
  stages: number;
  /** Of each report, in milliseconds. */
  costs: number[];
  processorMs: number;
}

async function measureRound(count: number): Promise<Round> {
  const grid = puppetGrid({ standbyShare: 0.5 });
  const workers = Array.from({ length: count }, (_, index) => grid.worker(`worker-${index}`, 20e9, false));
  for (const worker of workers) worker.join();
  const each = Math.min(layers, Math.max(1, Math.floor(count / names.length)));
  for (const name of names) {
    const model = sizedModel({ name, layers, layerBytes: 1e8, cacheBytes: 1000 });
    grid.deployments.deploy(model, { mode: 'shards', count: each, replicas: 1 });
  }
  // Each placement has a turn of its own, and stages are cut in promises.
  while (workers.reduce((sum, { assigned }) => sum + assigned.length, 0) < each * names.length) {
    if (grid.clock.now() > mostPlacingMs) throw new Error('the models found no place');
    grid.clock.advance(everyMs);
    await settled();
  }
  const stages = workers.flatMap((worker) =>
    worker.assigned.map(({ assignmentId }) => ({ worker, assignmentId })),
  );
  const costs: number[] = [];
  const before = process.threadCpuUsage();
  for (const { state, ...more } of reports) {
    for (const { worker, assignmentId } of stages) {
      grid.clock.advance(everyMs);
      const begin = performance.now();
      worker.report(assignmentId, state, more);
      costs.push(performance.now() - begin);
    }
  }
  const { user, system } = process.threadCpuUsage(before);
  return { stages: stages.length, costs, processorMs: (user + system) / 1000 };
}
