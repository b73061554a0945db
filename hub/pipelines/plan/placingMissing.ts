/** Where do pipelines go that have no place yet, or too few workers? */
import { stagesOf, type PipelineState } from '../state/state.ts';
import type { Command } from '../state/commands.ts';
import { placeFor, workersOf } from './placing.ts';
import { describeShrinking, shrinkFor } from './shrinking.ts';
import type { Context } from './context.ts';

/**
 * A refused placement is not tried again at once, so that many workers that come together do not stop the hub: one
 * placement looks at each of them.
 */
const pauseMsPerWorker = 0.25;

export function placeWhatIsMissing(one: PipelineState, context: Context): Command | undefined {
  const { phase, cutAgainAt = -Infinity, id: pipelineId } = one;
  const { now, grid } = context;
  if (phase.type !== 'missing' || now < cutAgainAt || now < (phase.againAt ?? -Infinity)) return undefined;
  const place = placeFor(one, context, one.former);
  if (place.ok) return { type: 'place', pipelineId, stages: place.stages, reason: phase.reason };
  const squeezed = placeFor(one, context, one.former, true);
  const shrinking = squeezed.ok ? shrinkFor(squeezed.shrink, context) : undefined;
  if (shrinking) return shrinking;
  if (phase.refusal === place) return undefined;
  const pauseMs = grid.view.workers.size * pauseMsPerWorker;
  const missing = squeezed.ok ? describeShrinking(one, squeezed.shrink) : place.missing;
  return { type: 'refuse', pipelineId, missing, refusal: place, pauseMs };
}

/** A pipeline with a forced number of stages that does not serve yet takes workers in that came meanwhile. */
export function placeOnMore(one: PipelineState, context: Context): Command | undefined {
  const { phase, plan, isMoving, quarantine, id: pipelineId } = one;
  const isPending = phase.type === 'cutting' || phase.type === 'freeing' || phase.type === 'loading';
  if (!isPending || plan.mode !== 'shards' || isMoving) return undefined;
  const stages = stagesOf(one);
  if (workersOf(stages) === stages.length) return undefined;
  const place = placeFor(one, context, []);
  if (!place.ok || workersOf(place.stages) <= workersOf(stages)) return undefined;
  // Whoever failed before would only throw away what the others have loaded.
  if (place.stages.some(({ workerId }) => quarantine.workers.has(workerId))) return undefined;
  return { type: 'place', pipelineId, stages: place.stages, reason: 'other workers take some of its stages' };
}
