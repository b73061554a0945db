/**
 * What a token would take at other workers, as far as it may be promised. What workers did in answers is compared with what
 * others did when they had nothing else to do, so a promise counts the load in.
 */
import type { PredictedStage } from '@potluck/api';
import type { WorkerId } from '@potluck/protocol';
import type { GridView, GridWorker } from '../gridView.ts';
import type { LayerRange, StageAt } from '../layerRange.ts';
import { lowerMedian } from '../lowerMedian.ts';
import { leastSure } from './leastSure.ts';
import { loadOf, shownSteps, type ShownSteps, type WantedStep } from './shownLoad.ts';
import { readBytes, stepMs, tokenSpeed } from './stepTime.ts';
import { weightBytesPerToken, type PredictedModel } from './tokenBytes.ts';
import { tokenTime, type TokenTime } from './tokenTime.ts';

export interface PromiseQuestion {
  model: PredictedModel;
  grid: GridView;
  /** Where the stages are, and where they would be; all of one replica, in order. */
  current: readonly StageAt[];
  target: readonly StageAt[];
  /** True where workers of other machines count as being as busy as such workers usually are, not as those that serve now. */
  isBold?: boolean | undefined;
  /** By the clock of the samples. */
  now: number;
}

/** @throws Error if a worker is not in the grid */
export function promisedTime(question: PromiseQuestion): TokenTime {
  const { model, grid, current, target } = question;
  const { stages, hops } = tokenTime(model, target, grid);
  const context = promiseContext(question);
  const promised = stages.map((stage): PredictedStage => {
    if (current.some(({ workerId }) => workerId === stage.nodeId)) return stage;
    return promisedStage(question, stage, context);
  });
  const milliseconds = [...promised, ...hops].reduce((sum, part) => sum + part.milliseconds, 0);
  return { milliseconds, stages: promised, hops };
}

/**
 * The worker that promises to be fastest with some layers, among those that have none of the pipeline.
 * @param mayBe which workers are asked
 */
export function mostPromising(
  question: Omit<PromiseQuestion, 'target'>,
  { firstLayer, lastLayer }: LayerRange,
  mayBe: (worker: GridWorker) => boolean,
): WorkerId | undefined {
  const { model, grid, current } = question;
  const serving = new Set(current.map(({ workerId }) => workerId));
  const context = promiseContext(question);
  let best: { id: WorkerId; milliseconds: number } | undefined;
  for (const worker of grid.workers.values()) {
    if (serving.has(worker.id) || !mayBe(worker)) continue;
    const target = [{ workerId: worker.id, firstLayer, lastLayer }];
    const [stage] = tokenTime(model, target, grid).stages;
    const { milliseconds } = promisedStage(question, stage as PredictedStage, context);
    if (!best || milliseconds < best.milliseconds) best = { id: worker.id, milliseconds };
  }
  return best?.id;
}

/** What counts for each worker of a question. */
interface PromiseContext {
  present: readonly Present[];
  /** How busy those are that serve, and how busy others usually are. */
  load: number;
  usual: number;
}

function promiseContext(question: Omit<PromiseQuestion, 'target'>): PromiseContext {
  const present = question.current.map((stage) => presentStage(question, stage));
  const load = loadOf(present.map(({ shown }) => shown)) ?? 1;
  return { present, load, usual: usualLoad(question) };
}

/** A worker that serves, and how it does. */
interface Present {
  worker: GridWorker;
  shown: ShownSteps;
}

function presentStage({ model, grid, now }: Omit<PromiseQuestion, 'target'>, stage: StageAt): Present {
  const worker = grid.workers.get(stage.workerId);
  if (!worker) throw new Error(`worker ${stage.workerId} is not in the grid`);
  return { worker, shown: shownSteps(worker, wantedOf(model, stage), now) };
}

const wantedOf = (model: PredictedModel, range: Pick<StageAt, 'firstLayer' | 'lastLayer'>): WantedStep => ({
  model: model.id,
  weightBytes: weightBytesPerToken(model, range),
});

/** The load of the middle one of all workers that serve elsewhere or did lately; 1 where nobody did. */
function usualLoad({ model, grid, current, isBold, now }: Omit<PromiseQuestion, 'target'>): number {
  if (!isBold) return 1;
  const wanted = wantedOf(model, { firstLayer: 0, lastLayer: model.layers.length - 1 });
  const loads: number[] = [];
  for (const worker of grid.workers.values()) {
    if (worker.tokenSteps.length === 0 || current.some(({ workerId }) => workerId === worker.id)) continue;
    const shown = loadOf([shownSteps(worker, wanted, now)]);
    if (shown !== undefined) loads.push(shown);
  }
  return lowerMedian(loads) ?? 1;
}

/** Answers of the last hours count as they are, and as they would be with the load of those that serve now. */
function promisedStage(
  { model, grid, isBold = false, now }: Omit<PromiseQuestion, 'target'>,
  stage: PredictedStage,
  { present, load, usual }: PromiseContext,
): PredictedStage {
  const worker = grid.workers.get(stage.nodeId as WorkerId) as GridWorker;
  const wanted = wantedOf(model, stage);
  const neighbours = present.filter((one) => isSameMachine(one.worker, worker));
  const isApart = isBold && neighbours.length === 0;
  const { tried, served } = shownSteps(worker, wanted, now);
  const others = isApart ? usual : load;
  const promised = (): Pick<PredictedStage, 'milliseconds' | 'basis'> => {
    const { milliseconds, basis } = stage;
    if (served !== undefined) {
      return { milliseconds: Math.max(served, (tried ?? 0) * (isApart ? 1 : load)), basis };
    }
    // A trial takes a moment, and who tries has nothing else to do.
    if (tried !== undefined)
      return { milliseconds: tried * others, basis: leastSure([stage, { basis: 'scaled' }]) };
    const hasServed = worker.tokenSteps.some(({ source }) => source === 'served');
    return { milliseconds: hasServed ? milliseconds : milliseconds * others, basis };
  };
  // Whoever has the same processors is as fast, whatever was measured.
  const twins = neighbours
    .filter((one) => isSameDevice(one.worker, worker))
    .map((one) => stepMs(tokenSpeed(one.worker, wanted), readBytes(wanted)));
  const { milliseconds, basis } = promised();
  return { ...stage, basis, milliseconds: Math.max(milliseconds, ...twins) };
}

const isSameMachine = (one: GridWorker, other: GridWorker): boolean =>
  one.machine !== undefined && one.machine === other.machine;

const isSameDevice = ({ device: one }: GridWorker, { device: other }: GridWorker): boolean =>
  one.kind === other.kind && one.description === other.description;
