/**
 * Finds out, by trying, with how many rows a stage on a GPU computes the same bits whoever else is in a run, and whether a lone
 * stream can pay for them: kernels for one row round otherwise than those for four, and GPUs differ in which they take.
 */
import type { StageDescription } from '@potluck/protocol';
import type { CacheStrategy } from '../cache/cacheStrategy.ts';
import type { CacheTensor } from '../cache/cacheTensor.ts';
import { mostSlots } from '../cache/slotArena.ts';
import type { OrtModule } from '../ortModule.ts';
import type { FoundShape } from './findStepShape.ts';
import type { MemberOutputs } from './stageSession.ts';
import { canBeTried, sameOutputs, Trial, type Run } from './trial.ts';

/** Rows of runs are a multiple of it: ONNX Runtime 1.30 has other kernels for less on WebGPU. */
const filledRows = 4;

/** Tokens before the steps that are tried. */
const before = 6;
/** The second step shows what the first one left in the caches. */
const steps = 2;
/** Rows of the caches that are tried, but for the long one. */
const capacity = 32;
/** Tokens of a company so long that kernels may take it in another way than a short one. */
const longCompany = 1000;
/** Most runs of each kind of which the fastest counts. */
const timedRuns = 5;

export interface SlotTrial {
  ort: OrtModule;
  description: StageDescription;
  strategy: CacheStrategy;
  /** What caches may take, in bytes. */
  cacheBytes: number;
  /** How runs are made whose rows are a multiple of the number given. */
  runWith: (granularity: number) => Run;
}

export interface SlotLimits {
  /** Most rows that runs may have to be a multiple of. */
  mostRows: number;
  /** How many times as long as with one row a lone step may take; not measured where undefined. */
  mostLoneTime?: number | undefined;
}

/**
 * @returns undefined where company changes bits, caches have too little room to find out, or a lone stream would pay too much
 * @throws ComputeError
 */
export async function findSlotShape(
  slots: SlotTrial,
  { mostRows, mostLoneTime }: SlotLimits,
): Promise<FoundShape | undefined> {
  const { description, cacheBytes } = slots;
  const room = Math.floor(cacheBytes / description.cacheBytesPerToken);
  if (!canBeTried(description) || description.contextLength < capacity) return undefined;
  if (room < (mostSlots + 2) * capacity) return undefined;
  // Two caches of that length, and one more tensor while they move.
  const longRows = Math.min(longCompany, description.contextLength - steps, Math.floor(room / 3));
  if (mostRows < filledRows || !(await companyChangesNothing(slots, longRows))) return undefined;
  if (mostLoneTime !== undefined && !(await isWorthIt(slots, mostLoneTime))) return undefined;
  // A chunk's attention has other kernels than that of one row.
  return { rows: filledRows, replay: 'steps' };
}

interface Company {
  others: number;
  steps: number;
  /** Tokens in the cache of each, or a little less. */
  rows: number;
  /** Rows that the caches of all have reserved. */
  reserved: number;
}

/** Whether a session gives the same bits alone and in companies of few, of many and of a long one. */
function companyChangesNothing(slots: SlotTrial, longRows: number): Promise<boolean> {
  const { ort, description, strategy, runWith } = slots;
  const trial = new Trial(ort, description, runWith(filledRows));
  const companies: Company[] = [
    { others: 1, steps, rows: before - 1, reserved: capacity },
    { others: mostSlots - 1, steps: 1, rows: before + 3, reserved: capacity },
    { others: 1, steps: 1, rows: longRows, reserved: longRows + steps },
  ];
  return withCaches(strategy, async (caches) => {
    const session = caches.create(capacity);
    await trial.step(session, 0, before);
    const copy = caches.copy(session, capacity);
    const alone: (MemberOutputs | undefined)[] = [];
    for (let step = 0; step < steps; step++) alone.push(await trial.step(copy, before + step, 1));
    for (const company of companies) {
      if (!(await isSameIn(company, { strategy, trial, session, alone }))) return false;
    }
    return true;
  });
}

/** Whether a session that goes on in this company gives what it gives alone. */
function isSameIn(
  { others, steps: count, rows, reserved }: Company,
  {
    strategy,
    trial,
    session,
    alone,
  }: {
    strategy: CacheStrategy;
    trial: Trial;
    session: readonly CacheTensor[];
    alone: readonly (MemberOutputs | undefined)[];
  },
): Promise<boolean> {
  return withCaches(strategy, async (caches) => {
    const joined = caches.copy(session, reserved);
    const rest = Array.from({ length: others }, () => caches.create(reserved));
    for (let step = 0; step < count; step++) {
      const given = await trial.run([
        ...rest.map((tensors, index) => trial.member(tensors, rows - (index % 3) + step, 1)),
        trial.member(joined, before + step, 1),
      ]);
      if (!sameOutputs(alone[step], given.at(-1))) return false;
    }
    return true;
  });
}

/** Whether a lone step with `filledRows` takes at most so many times as long as with one row. */
function isWorthIt(
  { ort, description, strategy, runWith }: SlotTrial,
  mostLoneTime: number,
): Promise<boolean> {
  return withCaches(strategy, async (caches) => {
    const session = caches.create(capacity);
    const [single, filled] = [1, filledRows].map((rows) => new Trial(ort, description, runWith(rows)));
    const timeOf = async (trial: Trial | undefined): Promise<number> => {
      const started = performance.now();
      await trial?.step(session, before, 1);
      return performance.now() - started;
    };
    // Compiles kernels; those for more rows are there.
    await timeOf(single);
    let [leastSingle, leastFilled] = [Infinity, Infinity];
    // In turns, so that both have what else the device has to do.
    for (let run = 0; run < timedRuns; run++) {
      leastSingle = Math.min(leastSingle, await timeOf(single));
      leastFilled = Math.min(leastFilled, await timeOf(filled));
      if (leastFilled <= mostLoneTime * leastSingle) return true;
    }
    return false;
  });
}

/** Caches for a trial. */
interface TrialCaches {
  create(reserved: number): readonly CacheTensor[];
  /** The first tokens of a session. */
  copy(session: readonly CacheTensor[], reserved: number): readonly CacheTensor[];
}

/** Caches end with `use`. */
async function withCaches<Result>(
  strategy: CacheStrategy,
  use: (caches: TrialCaches) => Promise<Result>,
): Promise<Result> {
  const made: (readonly CacheTensor[])[] = [];
  const keep = (tensors: readonly CacheTensor[]): readonly CacheTensor[] => {
    made.push(tensors);
    return tensors;
  };
  try {
    return await use({
      create: (reserved) => keep(strategy.create(reserved)),
      copy: (session, reserved) => keep(session.map((tensor) => tensor.fork(before, before, reserved))),
    });
  } finally {
    for (const tensors of made) for (const tensor of tensors) tensor.dispose();
  }
}
