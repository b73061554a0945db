/** Gives stages to their workers: cuts them out, makes room for them, tells the workers. */
import type { Assign, WorkerId } from '@potluck/protocol';
import type { Model } from '../models/model.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { CutPipeline } from './assignmentsOf.ts';
import type { FormerAssignments } from './formerAssignments.ts';
import type { Pipeline } from './pipeline.ts';

/** @returns the pipeline with what each stage is made of. @throws Error if the model can't be cut */
export async function cutStages(model: Model, pipeline: Pipeline): Promise<CutPipeline> {
  const stages = await Promise.all(
    pipeline.stages.map(async (stage) => ({
      ...stage,
      description: await model.cutStage(stage.firstLayer, stage.lastLayer),
    })),
  );
  return { ...pipeline, stages };
}

/**
 * Frees what the workers held before, but for stages that are wanted again, then assigns.
 * @param isWanted asked once the workers have room
 */
export async function assignStages(
  { registry, former }: { registry: WorkerRegistry; former: FormerAssignments },
  { stages }: CutPipeline,
  { assignments, isWanted }: { assignments: readonly [WorkerId, Assign][]; isWanted: () => boolean },
): Promise<void> {
  const kept = await former.releaseUnlike(stages);
  if (!isWanted()) return;
  for (const [workerId, message] of assignments) registry.send(workerId, message);
  former.release(kept);
}
