/** Which caches of other models give room back, so that stages fit beside them. */
import type { ModelId, PipelineId, WorkerId } from '@potluck/protocol';
import type { Candidate } from './candidates.ts';
import type { SharedStage } from './shareCaches.ts';

/** A cache that must shrink before a placement can be carried out. */
export interface CacheToShrink {
  workerId: WorkerId;
  pipelineId: PipelineId;
  model: ModelId;
  /** By how much, in bytes. */
  bytes: number;
}

/** @returns those that can give back most first; none where the stages fit without */
export function shrinkCaches(
  stages: readonly SharedStage[],
  candidates: readonly Candidate[],
  { model, replaced = new Set() }: { model: ModelId; replaced?: ReadonlySet<PipelineId> | undefined },
): CacheToShrink[] {
  const squeezed = candidates.filter(({ reclaimedBytes }) => reclaimedBytes > 0);
  return squeezed.flatMap(({ id, memoryBytes, reclaimedBytes, worker }) => {
    const needed = stages.reduce((sum, stage) => sum + (stage.workerId === id ? stage.memoryBytes : 0), 0);
    let missing = needed - (memoryBytes - reclaimedBytes);
    return worker.memory.reservations
      .filter((one) => one.model !== model && !replaced.has(one.pipelineId))
      .toSorted((one, other) => other.reclaimableBytes - one.reclaimableBytes)
      .flatMap(({ model: owner, pipelineId, reclaimableBytes }) => {
        const bytes = Math.min(missing, reclaimableBytes);
        if (bytes <= 0) return [];
        missing -= bytes;
        return [{ workerId: id, pipelineId, model: owner, bytes }];
      });
  });
}
