/** Stages as the operator wrote them down: each at a node of choice, with its layers or without. */
import { formatBytes, type DeploymentPlan } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { Candidate } from './candidates.ts';
import { cutFor, type Choosing } from './chooseStages.ts';
import { type FoundStages, listed } from './refusal.ts';
import type { StageAt } from './layerRange.ts';
import { heldBytes } from './repairStages.ts';

type ManualPlan = Extract<DeploymentPlan, { mode: 'manual' }>;

/** @param nameOf what people call a node that is away */
export function placeByHand(
  choosing: Choosing,
  { stages }: ManualPlan,
  nameOf: (nodeId: string) => string,
): FoundStages {
  const { layers, candidates } = choosing;
  const here = new Map<string, Candidate>(candidates.map((candidate) => [candidate.id, candidate]));
  const wanted = new Set(stages.map(({ nodeId }) => nodeId));
  const absent = [...wanted].filter((id) => !here.has(id));
  if (absent.length > 0) {
    const names = listed(absent.map(nameOf), ', ');
    const message = hubText('waits-for-nodes', { count: absent.length, names });
    return { ok: false, code: 'nodes-away', message };
  }
  const workers = stages.map(({ nodeId }) => here.get(nodeId) as Candidate);
  const placed = asGiven(stages, workers) ?? balanced(choosing, workers);
  if (!placed) {
    const rooms = [...new Set(workers)].map(({ name, memoryBytes }) =>
      hubText('has-room', { device: name, room: formatBytes(memoryBytes) }),
    );
    const needed = formatBytes(layers.bytes(0, layers.count));
    const message = hubText('order-too-small', { needed, items: listed(rooms, ', ') });
    return { ok: false, code: 'not-enough-memory', message };
  }
  const tooSmall = [...new Set(workers)].flatMap(({ id, name, memoryBytes }) => {
    const bytes = heldBytes(layers, placed, id);
    if (bytes <= memoryBytes) return [];
    const [needed, room] = [formatBytes(bytes), formatBytes(memoryBytes)];
    return [hubText('device-too-small', { device: name, needed, room })];
  });
  return tooSmall.length === 0
    ? { ok: true, stages: placed }
    : { ok: false, code: 'not-enough-memory', message: listed(tooSmall) };
}

/** The layers as they were given; undefined where they are to be balanced. */
function asGiven(stages: ManualPlan['stages'], workers: readonly Candidate[]): StageAt[] | undefined {
  const placed = stages.flatMap(({ firstLayer, lastLayer }, index) => {
    const workerId = (workers[index] as Candidate).id;
    return firstLayer === undefined || lastLayer === undefined ? [] : [{ workerId, firstLayer, lastLayer }];
  });
  return placed.length === stages.length ? placed : undefined;
}

/** A worker that comes several times has an equal part of its memory each time. */
function balanced(choosing: Choosing, workers: readonly Candidate[]): StageAt[] | undefined {
  const order = workers.map((worker) => {
    const stages = workers.filter((other) => other === worker).length;
    return { ...worker, memoryBytes: worker.memoryBytes / stages };
  });
  const choice = cutFor(choosing, order);
  return choice?.cut.ranges.map((range, index) => ({ workerId: (workers[index] as Candidate).id, ...range }));
}
