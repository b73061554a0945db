/** What is left of things that are over? */
import { releaseTimeoutMs } from '../state/held.ts';
import { usesWorker, type PipelineState } from '../state/state.ts';
import type { Command } from '../state/commands.ts';
import type { Context } from './context.ts';

/** Stages that nobody knows are released. */
export function releaseStrays({ state: { strays } }: Context): Command | undefined {
  return strays.length === 0 ? undefined : { type: 'release-strays', releases: strays };
}

/** A worker that is being drained is drained once no pipeline uses it. */
export function markDrained({ state }: Context): Command | undefined {
  for (const workerId of state.draining) {
    const isUsed = [...state.pipelines.values()].some((one) => usesWorker(one, workerId));
    if (!isUsed) return { type: 'mark-drained', workerId };
  }
  return undefined;
}

/** An ended pipeline is forgotten once nobody who is here holds a stage of it, or freeing it took too long. */
export function forgetWhatIsOver(one: PipelineState, { grid, now }: Context): Command | undefined {
  if (one.phase.type !== 'ended') return undefined;
  const isHeld = [...one.held.values()].some(
    ({ workerId, releasingSince = now }) => grid.isHere(workerId) && now < releasingSince + releaseTimeoutMs,
  );
  return isHeld ? undefined : { type: 'forget', pipelineId: one.id };
}
