/** How many sessions a stage's runs are best shared by. Pure. */
import type { StagePlace } from './stagePlace.ts';

/**
 * A run of all sessions would leave the pipeline's other workers without work until it ends: each worker is to have its part of
 * them, so that they all compute at the same time.
 * @param answering sessions of the pipeline that draw tokens
 */
export function runSizeOf({ stages }: Pick<StagePlace, 'stages'>, answering: number): number {
  const workers = new Set(stages.map(({ workerId }) => workerId)).size;
  return Math.max(1, Math.ceil(answering / workers));
}
