/** What becomes of the deployed models if a device leaves: said before it does. */
import type { DepartureEffect } from '@potluck/api';
import type { PipelineId, WorkerId } from '@potluck/protocol';
import type { GridView } from '../placement/gridView.ts';
import { isSameRange, isSameStage } from '../placement/layerRange.ts';
import { place } from '../placement/place.ts';
import type { Deployment, Replica } from './deployment.ts';
import type { Stage } from './pipeline.ts';

export interface DepartureView {
  grid: GridView;
  /** Stages that are held ready for a pipeline, in case one is lost. */
  standbyOf: (pipelineId: PipelineId) => readonly Stage[];
  /** What people call a node. */
  nameOf: (nodeId: string) => string;
}

/** @returns undefined where the device has no part in the model */
export function departureOf(
  deployment: Deployment,
  workerId: WorkerId,
  view: DepartureView,
): DepartureEffect | undefined {
  const { model, plan, replicas } = deployment;
  const uses = ({ pipeline }: Replica): boolean =>
    pipeline?.stages.some((stage) => stage.workerId === workerId) ?? false;
  const lost = replicas.find(uses);
  const stages = lost?.pipeline?.stages;
  if (!lost || !stages) return undefined;
  const effect = (
    outcome: DepartureEffect['outcome'],
    devices: readonly WorkerId[],
    reason: string | null = null,
  ): DepartureEffect => ({
    model: model.package.id,
    outcome,
    devices: [...new Set(devices)].map((id) => view.nameOf(id)),
    reason,
  });
  const other = replicas.find((replica) => replica.ready && !uses(replica));
  if (other?.ready)
    return effect(
      'replica',
      other.ready.stages.map((stage) => stage.workerId),
    );
  const missing = stages.filter((stage) => stage.workerId === workerId);
  const held = view
    .standbyOf(lost.id)
    .filter((stage) => stage.workerId !== workerId && stage.state === 'ready');
  const holders = missing.map((lacking) => held.find((stage) => isSameRange(stage, lacking)));
  if (lost.ready && holders.every((holder) => holder !== undefined))
    return effect(
      'standby',
      holders.map((holder) => holder.workerId),
    );
  const workers = new Map([...view.grid.workers].filter(([id]) => id !== workerId));
  const [placed] = place({
    model: model.package,
    plan: plan.mode === 'manual' ? plan : { ...plan, replicas: 1 },
    grid: { workers },
    replicas: [stages],
    replaced: new Set([lost.id]),
    mayShrink: true,
    nameOf: view.nameOf,
  }).replicas;
  if (!placed?.ok) return effect('stops', [], placed?.message ?? null);
  const loads = placed.stages.filter((target) => !stages.some((stage) => isSameStage(stage, target)));
  return effect(
    'spare',
    loads.map((stage) => stage.workerId),
  );
}
