/** Where do pipelines go that have no place yet, or too few workers? */
import { formatBytes } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { WorkerId } from '@potluck/protocol';
import { listed } from '../../placement/refusal.ts';
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
  if (isAwaiting(one, context)) return undefined;
  const place = placeFor(one, context, one.former, true);
  if (place.ok && place.shrink.length === 0) {
    return { type: 'place', pipelineId, stages: place.stages, reason: phase.reason };
  }
  const shrinking = place.ok ? shrinkFor(place.shrink, context) : undefined;
  if (shrinking) return shrinking;
  if (phase.refusal === place) return undefined;
  const pauseMs = grid.view.workers.size * pauseMsPerWorker;
  const missing = place.ok ? describeShrinking(place.shrink) : place.missing;
  return {
    ...{ type: 'refuse', pipelineId, refusal: place, pauseMs },
    missing: `${missing}${describeKept(one, context)}`,
  };
}

/** After a restart whoever came first would get all layers, though those who have them loaded are about to come. */
function isAwaiting({ awaits }: PipelineState, { grid, now }: Context): boolean {
  return awaits !== undefined && now < awaits.until && !awaits.workers.every((id) => grid.isHere(id));
}

/** What those who are here keep meanwhile, and nobody else can use: they serve again as soon as the others are there. */
function describeKept({ held }: PipelineState, { grid }: Context): string {
  const kept = new Map<WorkerId, number>();
  for (const { workerId, bytes } of held.values()) {
    if (bytes > 0 && grid.isHere(workerId)) kept.set(workerId, (kept.get(workerId) ?? 0) + bytes);
  }
  if (kept.size === 0) return '';
  const rooms = [...kept].map(([id, bytes]) =>
    hubText('room-at', { room: formatBytes(bytes), device: grid.nameOf(id) }),
  );
  const items = listed(rooms, ', ');
  return `; ${hubText(rooms.length === 1 ? 'room-is-kept' : 'rooms-are-kept', { items })}`;
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
