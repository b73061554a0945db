/** When is there something to do though nothing happens? */
import { releaseTimeoutMs } from '../state/held.ts';
import { nextPardon } from '../state/quarantine.ts';
import type { PipelinesState, PipelineState } from '../state/state.ts';

/** @returns a time after `now`, both by a `Clock`; undefined where nothing is waited for */
export function wakeAt(state: PipelinesState, now: number): number | undefined {
  let next = Infinity;
  for (const one of state.pipelines.values()) {
    for (const time of timesOf(one, now)) if (time > now && time < next) next = time;
  }
  return next === Infinity ? undefined : next;
}

function* timesOf(
  { phase, migration, quarantine, cutAgainAt, held, weighed, awaits, standbyFrom }: PipelineState,
  now: number,
): Generator<number> {
  if (phase.type === 'loading') yield phase.deadline;
  if (phase.type === 'missing' && phase.againAt !== undefined) yield phase.againAt;
  if (phase.type === 'missing' && awaits) yield awaits.until;
  if (migration?.deadline !== undefined) yield migration.deadline;
  if (migration?.patienceEndsAt !== undefined) yield migration.patienceEndsAt;
  if (cutAgainAt !== undefined) yield cutAgainAt;
  if (phase.type === 'serving' && !migration && standbyFrom !== undefined) yield standbyFrom;
  if (phase.type === 'serving' && weighed) yield weighed.againAt;
  const pardon = nextPardon(quarantine, now);
  if (pardon !== undefined) yield pardon;
  for (const { releasingSince } of held.values()) {
    if (releasingSince !== undefined) yield releasingSince + releaseTimeoutMs;
  }
}
