/** Where an assignment stands in its pipeline. */
import type { Assign, StageDescription, WorkerId } from '@potluck/protocol';

export type StagePlace = Pick<Assign, 'assignmentId' | 'pipelineId' | 'epoch' | 'stageIndex' | 'stages'> & {
  stage: StageDescription;
};

export const isFirst = (place: StagePlace): boolean => place.stageIndex === 0;

export const isLast = (place: StagePlace): boolean => place.stageIndex === place.stages.length - 1;

/** The worker of some stage of the pipeline, undefined beyond its ends. */
export function workerAt(place: StagePlace, stageIndex: number): WorkerId | undefined {
  return place.stages[stageIndex]?.workerId;
}

/** The worker whose step frames this stage takes. */
export const previousWorker = (place: StagePlace): WorkerId | undefined =>
  workerAt(place, place.stageIndex - 1);

/** The worker that takes this stage's step frames. */
export const nextWorker = (place: StagePlace): WorkerId | undefined => workerAt(place, place.stageIndex + 1);

/** The worker whose token frames the first stage takes. */
export const lastWorker = (place: StagePlace): WorkerId | undefined =>
  workerAt(place, place.stages.length - 1);

/** Workers that this stage exchanges frames with, itself left out. */
export function neighbours(place: StagePlace, self: WorkerId): Set<WorkerId> {
  const peers = [previousWorker(place), nextWorker(place)];
  if (isFirst(place)) peers.push(lastWorker(place));
  if (isLast(place)) peers.push(workerAt(place, 0));
  return new Set(peers.filter((peer) => peer !== undefined && peer !== self) as WorkerId[]);
}
