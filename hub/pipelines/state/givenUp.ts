/** A pipeline that is over: what its workers were assigned they hold until they are told to release it. */
import type { Stage } from '../pipeline.ts';
import { withHeld } from './held.ts';
import { pipelineOf, type PipelineState } from './state.ts';

/** @returns the pipeline without stages and without migration */
export function givenUp(one: PipelineState, reason: string): PipelineState {
  const { migration: _, retiring: _retiring, ...rest } = one;
  return {
    ...rest,
    phase: { type: 'missing', reason },
    held: withHeld(one.held, assignedStages(one)),
    isMoving: false,
  };
}

/** @returns the pipeline without its migration */
export function withoutMigration(one: PipelineState): PipelineState {
  const { migration, ...rest } = one;
  if (!migration) return one;
  return { ...rest, held: withHeld(one.held, preloadsAssigned(one)), isMoving: false };
}

/** Stages that workers were told of, those loaded ahead included. */
function assignedStages(one: PipelineState): readonly Stage[] {
  const { type } = one.phase;
  const isAssigned = type === 'loading' || type === 'serving';
  return [...(isAssigned ? (pipelineOf(one)?.stages ?? []) : []), ...preloadsAssigned(one)];
}

function preloadsAssigned({ migration }: PipelineState): readonly Stage[] {
  if (!migration || migration.step === 'cutting' || migration.step === 'freeing') return [];
  return migration.preloads;
}
