/** Who could take the place of a worker without loading anything? */
import type { WorkerId } from '@potluck/protocol';
import { isSameRange } from '../../placement/layerRange.ts';
import type { Stage } from '../pipeline.ts';
import { stagesOf, type PipelinesState, type PipelineState } from './state.ts';

/** Stages that are loaded ahead, whatever for. */
export function holdersOf({ migration }: Pick<PipelineState, 'migration'>): readonly Stage[] {
  return (migration?.preloads ?? []).filter(({ state, lost }) => state === 'ready' && !lost);
}

/** @returns workers that together hold all that this one serves; empty where nobody holds a stage, or it serves none */
export function standInsOf({ pipelines }: Pick<PipelinesState, 'pipelines'>, workerId: WorkerId): WorkerId[] {
  const standIns = new Set<WorkerId>();
  for (const one of pipelines.values()) {
    const served = stagesOf(one).filter((stage) => stage.workerId === workerId);
    if (served.length > 0 && one.phase.type !== 'serving') return [];
    const holders = holdersOf(one);
    for (const stage of served) {
      const holder = holders.find((held) => isSameRange(stage, held));
      if (!holder) return [];
      standIns.add(holder.workerId);
    }
  }
  return [...standIns];
}
