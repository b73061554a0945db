/** Which workers may have stages of a pipeline? */
import type { PlacementWorker } from '../placement/placeStages.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import type { Exclusions } from './exclusions.ts';

export interface CandidateSource {
  registry: WorkerRegistry;
  /** What a worker has for the pipeline, in bytes; the reason where it may not be used at all. */
  freeBytes: (worker: WorkerRecord) => number | { reason: string };
}

/** @returns those that may, with what they have free; and, for people, why the others may not */
export function findCandidates(
  { registry, freeBytes }: CandidateSource,
  exclusions: Exclusions,
): { candidates: PlacementWorker[]; unusable: string[] } {
  const now = performance.now();
  const unusable: string[] = [];
  const candidates = [...registry.table.values()].flatMap((worker) => {
    const failure = exclusions.reasonFor(worker.id, now);
    const free = failure === undefined ? freeBytes(worker) : { reason: `failed (${failure})` };
    if (typeof free === 'number') return [{ id: worker.id, name: worker.name, memoryBytes: free }];
    unusable.push(`${worker.name} ${free.reason}`);
    return [];
  });
  return { candidates, unusable };
}
