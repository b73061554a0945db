/** A stage that a worker kept for a hub that was started again. */
import type { HeldStage, WorkerId } from '@potluck/protocol';
import { stagesOf, type PipelinesState, type PipelineState } from './state.ts';
import { onePipeline } from './update.ts';

/**
 * The worker holds it for a pipeline of its model that is not put together yet, where there is one: first for the one that
 * the worker served. A stage of a pipeline that is known stays what it is there.
 */
export function found(
  state: PipelinesState,
  workerId: WorkerId,
  { assignmentId, model, graph, bytes }: HeldStage,
): PipelinesState {
  const all = [...state.pipelines.values()];
  const isKnown = ({ held, migration, ...one }: PipelineState): boolean =>
    held.has(assignmentId) ||
    [...stagesOf(one), ...(migration?.preloads ?? [])].some((stage) => stage.assignmentId === assignmentId);
  if (all.some(isKnown)) return state;
  const waiting = all.filter(
    ({ phase: { type }, model: own }) =>
      own.package.id === model && (type === 'missing' || type === 'cutting' || type === 'freeing'),
  );
  const served = waiting.find(({ former }) => former.some((stage) => stage.workerId === workerId));
  const one = served ?? waiting[0];
  if (!one) return state;
  const held = { workerId, graph, bytes, hasFailed: false };
  return onePipeline(state, one.id, (before) => ({
    ...before,
    held: new Map(before.held).set(assignmentId, held),
  }));
}
