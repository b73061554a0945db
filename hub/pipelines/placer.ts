/** Where a pipeline could go: on the workers that are here, without those that failed just now. */
import type { DeploymentPlan } from '@potluck/api';
import type { Model } from '../models/model.ts';
import { placeByPlan } from '../placement/placeByPlan.ts';
import { shareCaches, type SharedStage } from '../placement/shareCaches.ts';
import { Exclusions } from './exclusions.ts';
import { findCandidates, type CandidateSource } from './findCandidates.ts';

export interface PlacerComponents extends CandidateSource {
  model: Model;
  /** How many workers, beside those that are here, are just being started. */
  workersStarting: () => number;
}

/** The stages with their workers, or what is missing, for people. */
export type Place = { ok: true; stages: SharedStage[] } | { ok: false; missing: string };

export class Placer {
  readonly #components: PlacerComponents;
  readonly exclusions = new Exclusions();

  constructor(components: PlacerComponents) {
    this.#components = components;
  }

  place(plan: DeploymentPlan): Place {
    const { model, workersStarting } = this.#components;
    const { candidates, unusable } = findCandidates(this.#components, this.exclusions);
    if (plan.mode === 'shards' && candidates.length < plan.count && workersStarting() > 0) {
      return {
        ok: false,
        missing: `waiting for local workers: ${candidates.length} of ${plan.count} are here`,
      };
    }
    const placement = placeByPlan(model.package, candidates, plan);
    if (!placement.ok) {
      return {
        ok: false,
        missing: [`${model.package.id}: ${placement.message}`, ...unusable].join('; '),
      };
    }
    const free = new Map(candidates.map(({ id, memoryBytes }) => [id, memoryBytes]));
    return { ok: true, stages: shareCaches(model.package, placement.stages, (id) => free.get(id) ?? 0) };
  }
}
