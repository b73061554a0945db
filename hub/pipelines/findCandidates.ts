/** Which workers may not have stages of a pipeline, and why? */
import type { WorkerId } from '@potluck/protocol';
import type { GridView } from '../placement/gridView.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import { deviceKind } from './deviceKind.ts';
import type { Exclusions } from './exclusions.ts';

export interface CandidateSource {
  registry: WorkerRegistry;
  grid: () => GridView;
  /** Why a worker may have no stage of the pipeline, as what follows its name; undefined where it may. */
  barredBecause: (worker: WorkerRecord) => string | undefined;
}

export interface Barred {
  /** Those that failed just now or may have no stages, with why. */
  barred: Map<WorkerId, string>;
  /** These, and those that seem unable to run the model. */
  unableToo: Map<WorkerId, string>;
  /** Where every worker that might have stages is of a kind that can't run the model: which, and what they said. */
  unable: { names: string[]; reasons: string[] } | undefined;
}

export function findBarred({ registry, barredBecause }: CandidateSource, exclusions: Exclusions): Barred {
  const { table } = registry;
  const now = performance.now();
  const barred = new Map<WorkerId, string>();
  const unableToo = new Map<WorkerId, string>();
  const unableWorkers: { name: string; reason: string }[] = [];
  let ableWorkers = 0;
  for (const worker of table.values()) {
    const reason = barredBecause(worker);
    const unableBecause = exclusions.unableBecause(worker.id, deviceKind(worker));
    if (reason === undefined) {
      if (unableBecause === undefined) ableWorkers++;
      else unableWorkers.push({ name: worker.name, reason: unableBecause });
    }
    const failure = exclusions.reasonFor(worker.id, now);
    const because = failure === undefined ? reason : `failed (${failure})`;
    if (because !== undefined) barred.set(worker.id, because);
    const without = because ?? unableBecause;
    if (without !== undefined) unableToo.set(worker.id, without);
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
