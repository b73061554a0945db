import type { Assign, WorkerId } from '@potluck/protocol';
import type { Pipeline, Stage } from './pipeline.ts';

/** A pipeline whose stages were cut out and can be assigned. */
export interface CutPipeline extends Pipeline {
  stages: readonly (Stage & Required<Pick<Stage, 'description'>>)[];
}

/**
 * What each worker of a pipeline is told to do, in the order of the stages.
 * @param deadlineMs longest time without progress in one state before `ready`
 */
export function assignmentsOf(pipeline: CutPipeline, deadlineMs: number): [WorkerId, Assign][] {
  const stages = pipeline.stages.map(({ assignmentId, workerId }) => ({ assignmentId, workerId }));
  return pipeline.stages.map((stage, stageIndex) => [
    stage.workerId,
    {
      type: 'assign',
      assignmentId: stage.assignmentId,
      pipelineId: pipeline.id,
      epoch: pipeline.epoch,
      stageIndex,
      stages,
      stage: stage.description,
      deadlineMs,
      cacheBytes: stage.mostCacheBytes,
    },
  ]);
}
