/** Which workers may not have stages of a pipeline, and why? */
import { whatFollowsName } from '@potluck/api/hub-texts';
import type { WorkerId } from '@potluck/protocol';
import { cannotRun } from '../../placement/cannotRun.ts';
import { sitsOutBecause, unableBecause } from '../state/quarantine.ts';
import { stagesOf, type PipelinesState, type PipelineState } from '../state/state.ts';
import type { Grid } from './grid.ts';

export interface Barred {
  /** Those that failed just now or may have no stages, with why. */
  barred: ReadonlyMap<WorkerId, string>;
  /** These, and those that seem unable to run the model. */
  unableToo: ReadonlyMap<WorkerId, string>;
  /** Where every worker that might have stages is of a kind that can't run the model: which, and what they said. */
  unable: { names: string[]; reasons: string[] } | undefined;
}

export function findBarred(
  one: PipelineState,
  { state, grid, now }: { state: PipelinesState; grid: Grid; now: number },
): Barred {
  const { quarantine, model } = one;
  const barred = new Map<WorkerId, string>();
  const unableToo = new Map<WorkerId, string>();
  const unableWorkers: { name: string; reason: string }[] = [];
  const taken = takenByReplicas(one, state);
  const isAnyUnable = quarantine.unableKinds.size > 0 || quarantine.hopeless.size > 0;
  let ableWorkers = 0;
  for (const { id, name, device, unusable } of grid.view.workers.values()) {
    const reason =
      unusable ??
      cannotRun(device, model.package) ??
      (taken.has(id) ? whatFollowsName('has-replica', {}) : undefined);
    const inability = isAnyUnable ? unableBecause(quarantine, id, grid.deviceKindOf(id) ?? '') : undefined;
    if (reason === undefined) {
      if (inability === undefined) ableWorkers++;
      else unableWorkers.push({ name, reason: inability });
    }
    const failure = sitsOutBecause(quarantine, id, now);
    const because = failure === undefined ? reason : whatFollowsName('has-failed', { reason: failure });
    if (because !== undefined) barred.set(id, because);
    const without = because ?? inability;
    if (without !== undefined) unableToo.set(id, without);
  }
  const isHopeless = ableWorkers === 0 && unableWorkers.length > 0;
  const unable = isHopeless
    ? {
        names: unableWorkers.map(({ name }) => name),
        reasons: [...new Set(unableWorkers.map(({ reason }) => reason))],
      }
    : undefined;
  return { barred, unableToo, unable };
}

/** Workers that have or load stages of the deployment's other pipelines. */
function takenByReplicas(one: PipelineState, state: PipelinesState): ReadonlySet<WorkerId> {
  const replicas = state.deployments.get(one.model.package.id)?.replicas ?? [];
  const others = replicas.flatMap((id) => (id === one.id ? [] : (state.pipelines.get(id) ?? [])));
  return new Set(
    others.flatMap((other) =>
      [...stagesOf(other), ...(other.migration?.preloads ?? [])].map(({ workerId }) => workerId),
    ),
  );
}
