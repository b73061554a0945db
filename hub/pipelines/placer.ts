/** Where a pipeline could go: on the workers that are here, without those that failed just now. */
import type { DeploymentPlan } from '@potluck/api';
import type { ModelPackage, PipelineId } from '@potluck/protocol';
import type { Model } from '../models/model.ts';
import { place } from '../placement/place.ts';
import type { SharedStage } from '../placement/shareCaches.ts';
import { Exclusions } from './exclusions.ts';
import { findBarred, type CandidateSource } from './findCandidates.ts';
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
  readonly #components: PlacerComponents & { pipelineId: PipelineId };
  readonly exclusions = new Exclusions();

  constructor(components: PlacerComponents & { pipelineId: PipelineId }) {
    this.#components = components;
  }

  /** @param former stages of a pipeline that lost workers, which are to stay where they are if that does */
  place(plan: DeploymentPlan, former: readonly Stage[] = []): Place {
    const { model, workersStarting, nameOf, grid: view, pipelineId } = this.#components;
    const { barred, unableToo, unable } = findBarred(this.#components, this.exclusions);
    if (unable) return { ok: false, missing: describeUnable(model.package, unable), isFinal: true };
    const starting = workersStarting();
    const grid = view();
    if (plan.mode === 'shards' && grid.workers.size - barred.size < plan.count && starting > 0) {
      return {
        ok: false,
        missing: `waiting for ${starting} local ${starting === 1 ? 'worker' : 'workers'} to start`,
      };
    }
    const request = {
      model: model.package,
      plan,
      grid,
      replicas: [former],
      replaced: new Set([pipelineId]),
      nameOf,
    };
    // Those that failed for want of code may still serve other layers, where the others do not suffice.
    const [able] = place({ ...request, barred: unableToo }).replicas;
    const [found] = able?.ok ? [able] : place({ ...request, barred }).replicas;
    if (found?.ok) return { ok: true, stages: found.stages };
    return { ok: false, missing: `${model.package.id}: ${found?.message ?? 'nothing was asked for'}` };
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
