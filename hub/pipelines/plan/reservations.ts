/** What a pipeline's stages take at each worker. */
import type { WorkerId } from '@potluck/protocol';
import type { Reservation } from '../../placement/gridView.ts';
import { stageMemory } from '../../placement/stageMemory.ts';
import type { Model } from '../../models/model.ts';
import type { Stage } from '../pipeline.ts';
import { stagesOf, type PipelineState } from '../state/state.ts';

/**
 * Of a pipeline that moves, a worker's share is the larger one of before and after, so that nobody else takes what the
 * move needs.
 */
export function reservationsOf(one: PipelineState): ReadonlyMap<WorkerId, Reservation> {
  const { migration, held, model, id: pipelineId } = one;
  const now = new Map<WorkerId, number>();
  const later = new Map<WorkerId, number>();
  const reclaimable = new Map<WorkerId, number>();
  const add = (to: Map<WorkerId, number>, workerId: WorkerId, bytes: number): void => {
    to.set(workerId, (to.get(workerId) ?? 0) + bytes);
  };
  for (const stage of [...stagesOf(one), ...(migration?.preloads ?? [])]) {
    add(now, stage.workerId, stage.reservedBytes);
    add(reclaimable, stage.workerId, Math.max(0, stage.mostCacheBytes - leastCacheBytes(model, stage)));
  }
  for (const { workerId, memoryBytes } of migration?.target ?? []) add(later, workerId, memoryBytes);
  for (const [workerId, bytes] of later) now.set(workerId, Math.max(bytes, now.get(workerId) ?? 0));
  for (const { workerId, bytes } of held.values()) add(now, workerId, bytes);
  return new Map(
    [...now].map(([workerId, bytes]) => [
      workerId,
      { model: model.package.id, pipelineId, bytes, reclaimableBytes: reclaimable.get(workerId) ?? 0 },
    ]),
  );
}

const memories = new WeakMap<Model, ReturnType<typeof stageMemory>>();

function leastCacheBytes(model: Model, { firstLayer, lastLayer }: Stage): number {
  let memoryOf = memories.get(model);
  if (!memoryOf) memories.set(model, (memoryOf = stageMemory(model.package)));
  return memoryOf(firstLayer, lastLayer).cacheBytes;
}
