/** Where a pipeline could go: on the workers that are here, without those that failed just now. */
import { formatBytes, type DeploymentPlan } from '@potluck/api';
import type { ModelPackage } from '@potluck/protocol';
import type { Model } from '../models/model.ts';
import { isGpu } from '../placement/isGpu.ts';
import { placeByPlan } from '../placement/placeByPlan.ts';
import type { PlacedStage, PlacementWorker } from '../placement/placeStages.ts';
import { shareCaches, type SharedStage } from '../placement/shareCaches.ts';
import { spreadStages } from '../placement/spreadStages.ts';
import { stageBytes } from '../placement/stageMemory.ts';
import { Exclusions } from './exclusions.ts';
import { findCandidates, type CandidateSource } from './findCandidates.ts';
import type { Stage } from './pipeline.ts';

export interface PlacerComponents extends CandidateSource {
  model: Model;
  /** How many workers, beside those that are here, are just being started. */
  workersStarting: () => number;
  /** What people call a node, also one that is away. */
  nameOf: (nodeId: string) => string;
}

/** The stages with their workers, or what is missing, for people. */
export type Place =
  | { ok: true; stages: SharedStage[] }
  /** `isFinal`: trying again is in vain until another kind of device comes or the operator asks. */
  | { ok: false; missing: string; isFinal?: boolean };

export class Placer {
  readonly #components: PlacerComponents;
  readonly exclusions = new Exclusions();

  constructor(components: PlacerComponents) {
    this.#components = components;
  }

  /** Stages of workers that have several go to those that have none, cut as they are; the others stay where they are. */
  spread(stages: readonly Stage[]): SharedStage[] {
    const { model } = this.#components;
    const { candidates } = findCandidates(this.#components, this.exclusions);
    const newcomers = candidates.filter(({ id }) => stages.every(({ workerId }) => workerId !== id));
    const spread = spreadStages(stages, newcomers, stageBytes(model.package));
    return this.#share(spread, candidates);
  }

  /** @param former stages of a pipeline that lost workers, which are to stay where they are if that does */
  place(plan: DeploymentPlan, former: readonly Stage[] = []): Place {
    const { model, workersStarting, nameOf } = this.#components;
    const { candidates, able, unusable, unable } = findCandidates(this.#components, this.exclusions);
    if (unable) return { ok: false, missing: describeUnable(model.package, unable), isFinal: true };
    const starting = workersStarting();
    if (plan.mode === 'shards' && candidates.length < plan.count && starting > 0) {
      return {
        ok: false,
        missing: `waiting for ${starting} local ${starting === 1 ? 'worker' : 'workers'} to start`,
      };
    }
    // Those that failed for want of code may still serve other layers, where the others do not suffice.
    const first = placeByPlan(model.package, able, plan, nameOf, former);
    const placement = first.ok ? first : placeByPlan(model.package, candidates, plan, nameOf, former);
    if (!placement.ok) {
      const nobodyMay = placement.code === 'no-workers' && unusable.length > 0;
      const message = nobodyMay
        ? `no device that has joined can serve the model, which needs ${formatBytes(placement.neededBytes)}`
        : placement.message;
      return { ok: false, missing: [`${model.package.id}: ${message}`, ...unusable].join('; ') };
    }
    return { ok: true, stages: this.#share(placement.stages, candidates) };
  }

  #share(stages: readonly PlacedStage[], candidates: readonly PlacementWorker[]): SharedStage[] {
    const {
      model,
      registry: { table },
    } = this.#components;
    return shareCaches(model.package, stages, (workerId) => {
      const device = table.get(workerId)?.device;
      const freeBytes = candidates.find(({ id }) => id === workerId)?.memoryBytes ?? 0;
      return { freeBytes, isGpu: device !== undefined && isGpu(device) };
    });
  }
}

function describeUnable(
  { id, float16 }: ModelPackage,
  { names, reasons }: { names: string[]; reasons: string[] },
): string {
  const who = names.length > 3 ? `${names.length} devices` : names.join(', ');
  const variant = float16 ? 'one without f16, such as model_q4' : 'such as model_q4 or model';
  return (
    `${id}: no device here can run this variant of the model (${who}: ${reasons.join('; ')}). ` +
    `Add another variant, ${variant}. This one is tried again when another kind of device joins, or when it is deployed again.`
  );
}
