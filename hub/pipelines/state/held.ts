/** Stages of earlier epochs which workers may still hold. */
import type { AssignmentId, Sha256, WorkerId } from '@potluck/protocol';
import type { Stage } from '../pipeline.ts';

export interface HeldAssignment {
  workerId: WorkerId;
  /** The stage's graph. A worker that is assigned the same graph again keeps it loaded. */
  graph: Sha256;
  /** What it takes at its worker, in bytes; 0 for one that failed, and so freed itself. */
  bytes: number;
  /** The worker has freed it by itself and answers no release. */
  hasFailed: boolean;
  /** When the hub told the worker to release it, by a `Clock`; absent before. */
  releasingSince?: number;
}

export type HeldAssignments = ReadonlyMap<AssignmentId, HeldAssignment>;

/** How long a worker may take to free a stage before another is assigned all the same. */
export const releaseTimeoutMs = 10_000;
/** More than this many are forgotten, oldest first; their workers are told to release them when they report. */
const mostHeld = 1000;

/** @param stages which were assigned, and are not part of a pipeline any more */
export function withHeld(held: HeldAssignments, stages: readonly Stage[]): HeldAssignments {
  const next = new Map(held);
  for (const { assignmentId, workerId, description, state, reservedBytes } of stages) {
    if (!description) continue;
    const hasFailed = state === 'failed' || state === 'released';
    const bytes = hasFailed ? 0 : reservedBytes;
    next.set(assignmentId, { workerId, graph: description.graph.sha256, bytes, hasFailed });
  }
  for (const oldest of next.keys()) {
    if (next.size <= mostHeld) break;
    next.delete(oldest);
  }
  return next;
}

/** Those told to go are being released; failed ones, which answer no release, are gone. */
export function released(held: HeldAssignments, ids: readonly AssignmentId[], at: number): HeldAssignments {
  const next = new Map(held);
  for (const id of ids) {
    const one = next.get(id);
    if (one?.hasFailed) next.delete(id);
    else if (one) next.set(id, { ...one, releasingSince: at });
  }
  return next;
}

/** The same value where it holds nothing of this worker; else with a change of what it holds of it. */
export function changedAt(
  held: HeldAssignments,
  workerId: WorkerId,
  change: (one: HeldAssignment) => HeldAssignment | undefined,
): HeldAssignments {
  if (![...held.values()].some((one) => one.workerId === workerId)) return held;
  return new Map(
    [...held].flatMap(([id, one]) => {
      const next = one.workerId === workerId ? change(one) : one;
      return next ? [[id, next] as const] : [];
    }),
  );
}
