/**
 * Finds out, by trying, in which shapes a stage computes the same bits whoever else is in a run: kernels differ between
 * kinds of processors, sizes of blocks and precisions (AVX2 rounds one row in another way than many, AVX-512 does not).
 */
import type { StageDescription } from '@potluck/protocol';
import type { RowsTensor } from '../cache/rowsTensor.ts';
import type { StepShape } from '../contract/stage.ts';
import type { OrtModule } from '../ortModule.ts';
import type { MemberOutputs } from './stageSession.ts';
import { canBeTried, longChunk, sameLastRow, sameOutputs, Trial, type Run } from './trial.ts';

/** Rows that runs may have to be filled up to a multiple of, fewest first: each was enough on some kind of processor. */
export const granularities: readonly number[] = [1, 2, 4];

/** What a trial finds. */
export type FoundShape = Pick<StepShape, 'rows' | 'replay'>;

/** Tokens before the step that is tried. Odd in all, as chunks of prompts may be. */
const before = 6;

/**
 * @param tried rows that runs may be filled up to a multiple of, the best first
 * @param runWith how runs are made whose rows are a multiple of the number given
 * @returns undefined where company changes bits in all these shapes
 * @throws ComputeError
 */
export async function findStepShape(
  ort: OrtModule,
  description: StageDescription,
  tried: readonly number[],
  runWith: (granularity: number) => Run,
): Promise<FoundShape | undefined> {
  if (!canBeTried(description)) return undefined;
  let stepwise: FoundShape | undefined;
  for (const rows of tried) {
    const replay = await tryShape(ort, description, runWith(rows));
    if (replay === 'chunks') return { rows, replay };
    if (replay) stepwise ??= { rows, replay };
  }
  return stepwise;
}

/**
 * Whether steps of one token leave the bits that a chunk leaves, at a stage whose steps run alone.
 * @throws ComputeError
 */
export async function stepsAsChunks(
  ort: OrtModule,
  description: StageDescription,
  run: Run,
): Promise<boolean> {
  if (!canBeTried(description)) return false;
  const trial = new Trial(ort, description, run);
  const steps = trial.newCache();
  await trial.step(steps, 0, before - 1);
  let last: MemberOutputs | undefined;
  // Of all places that a kernel which takes four values at once tells apart.
  const end = before + 3;
  for (let position = before - 1; position < end; position++) last = await trial.step(steps, position, 1);
  return hasBitsOfChunks(trial, steps, end, last);
}

/** @returns what a cache can be computed again from; undefined where company changes bits */
async function tryShape(
  ort: OrtModule,
  description: StageDescription,
  run: Run,
): Promise<StepShape['replay'] | undefined> {
  const trial = new Trial(ort, description, run);
  const session = trial.newCache();
  await trial.step(session, 0, before);
  const others = [3, before - 1].map((length) => ({
    cache: session.map((tensor) => tensor.fork(before, length, longChunk)),
    length,
  }));
  const joined = session.map((tensor) => tensor.fork(before, before, longChunk));
  const alone = await trial.step(session, before, 1);
  const [, , together] = await trial.run([
    ...others.map(({ cache, length }) => trial.member(cache, length, 1)),
    trial.member(joined, before, 1),
  ]);
  if (!sameOutputs(alone, together) || !trial.sameRows(session, joined, before + 1)) return undefined;
  return (await hasBitsOfChunks(trial, session, before + 1, alone)) ? 'chunks' : 'steps';
}

/**
 * Whether a cache that ends with a step of one token is as chunks leave it: one of the same tokens, and a long one that begins
 * with them.
 * @param last what the step gave
 */
async function hasBitsOfChunks(
  trial: Trial,
  cache: readonly RowsTensor[],
  tokens: number,
  last: MemberOutputs | undefined,
): Promise<boolean> {
  const whole = trial.newCache();
  const ofWhole = await trial.step(whole, 0, tokens);
  if (!trial.sameRows(cache, whole, tokens) || !sameLastRow(last, ofWhole)) return false;
  const long = trial.newCache();
  await trial.step(long, 0, longChunk);
  return trial.sameRows(cache, long, tokens);
}
