/** Which workers may have stages of a pipeline? */
import type { PlacementWorker } from '../placement/placeStages.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import { deviceKind } from './deviceKind.ts';
import type { Exclusions } from './exclusions.ts';

export interface CandidateSource {
  registry: WorkerRegistry;
  /** What a worker has for the pipeline, in bytes; the reason where it may not be used at all. */
  freeBytes: (worker: WorkerRecord) => number | { reason: string };
  /** See `PlacementWorker.millisecondsPerByte`. */
  paceOf: (worker: WorkerRecord) => number | undefined;
}

export interface Candidates {
  /** Workers that may have stages, with what they have free. */
  candidates: PlacementWorker[];
  /** Those of them that do not seem unable to run the model. */
  able: PlacementWorker[];
  /** For people: why the others may not. */
  unusable: string[];
  /** Where every worker that might have stages is of a kind that can't run the model: which, and what they said. */
  unable: { names: string[]; reasons: string[] } | undefined;
}

export function findCandidates(
  { registry, freeBytes, paceOf }: CandidateSource,
  exclusions: Exclusions,
): Candidates {
  const now = performance.now();
  const unusable: string[] = [];
  const unableWorkers: { name: string; reason: string }[] = [];
  const able: PlacementWorker[] = [];
  let ableWorkers = 0;
  const candidates = [...registry.table.values()].flatMap((worker) => {
    const room = freeBytes(worker);
    const unableBecause = exclusions.unableBecause(worker.id, deviceKind(worker));
    if (typeof room === 'number') {
      if (unableBecause === undefined) ableWorkers++;
      else unableWorkers.push({ name: worker.name, reason: unableBecause });
    }
    const failure = exclusions.reasonFor(worker.id, now);
    const free = failure === undefined ? room : { reason: `failed (${failure})` };
    if (typeof free === 'number') {
      const { id, name } = worker;
      const candidate = { id, name, memoryBytes: free, millisecondsPerByte: paceOf(worker) };
      if (unableBecause === undefined) able.push(candidate);
      return [candidate];
    }
    unusable.push(`${worker.name} ${free.reason}`);
    return [];
  });
  const isHopeless = ableWorkers === 0 && unableWorkers.length > 0;
  const unable = isHopeless
    ? {
        names: unableWorkers.map(({ name }) => name),
        reasons: [...new Set(unableWorkers.map(({ reason }) => reason))],
      }
    : undefined;
  return { candidates, able, unusable, unable };
}
