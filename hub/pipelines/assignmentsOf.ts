import type { Assign, WorkerId } from '@potluck/protocol';
import { chunkLengths, leastChunkTokens } from '../placement/promptChunks.ts';
import type { CutStage, Pipeline } from './pipeline.ts';

/** A pipeline whose stages were cut out and can be assigned. */
export interface CutPipeline extends Pipeline {
  stages: readonly CutStage[];
}

/**
 * What each worker of a pipeline is told to do, in the order of the stages.
 * @param deadlineMs longest time without progress in one state before `ready`
 * @param deviceKindOf see `deviceKind`
 */
export function assignmentsOf(
  pipeline: CutPipeline,
  deadlineMs: number,
  deviceKindOf: (workerId: WorkerId) => string | undefined = () => undefined,
): [WorkerId, Assign][] {
  const stages = pipeline.stages.map(({ assignmentId, workerId, workerName: name }) => ({
    assignmentId,
    workerId,
    name,
  }));
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
      ...promptTrials(stage),
      // Another kind of device rounds otherwise in any shape, and knows best which is good for it.
      ...(stage.ran && stage.ran.deviceKind === deviceKindOf(stage.workerId)
        ? { runShape: stage.ran.runShape }
        : {}),
    },
  ]);
}

/**
 * What is to be timed, where there is a choice. Attention that is not one operator writes a score for each head, token of the
 * chunk and token before it: with 32 heads and 2,048 tokens, 268 MB for every 1,024 tokens of context. There chunks don't grow.
 */
function promptTrials({
  mostChunkTokens,
  description,
}: CutPipeline['stages'][number]): Pick<Assign, 'promptTrials'> {
  const hasFusedAttention = description.caches.every(
    (cache) => cache.kind === 'state' || cache.capacityPadded,
  );
  if (mostChunkTokens <= leastChunkTokens || !hasFusedAttention) return {};
  return { promptTrials: chunkLengths(mostChunkTokens) };
}
