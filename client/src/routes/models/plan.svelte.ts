/** A deployment that is being thought about: how, and what would happen. */
import type { Deployment, DeploymentPlan, DeploymentPreview, PlannedStage } from '@potluck/api';
import { messageOf } from '#lib/hub/errors.ts';
import { hubSend } from '#lib/hub/hubFetch.ts';
import { parseLayers } from './parseLayers.ts';

/** A stage of a plan by hand. */
export interface StageDraft {
  /** Stays with it when it moves. */
  readonly key: number;
  nodeId: string;
  /** As a person writes them, such as `0-3`; empty: the hub shares the layers out. */
  layers: string;
}

export class Plan {
  mode = $state<DeploymentPlan['mode']>('automatic');
  replicas = $state(1);
  shards = $state(2);
  /** In order. */
  stages = $state<StageDraft[]>([]);
  preview = $state.raw<DeploymentPreview>();
  problem = $state<string>();
  /** Of the deployment that this plan changes; undefined where there was none. */
  revision = $state<number>();
  readonly #model: string;
  #turn = 0;
  #lastKey = 0;

  constructor(model: string, deployment: Deployment | undefined) {
    this.#model = model;
    this.revision = deployment?.revision;
    const plan = deployment?.plan;
    const served = deployment?.replicas[0]?.stages ?? [];
    this.stages = served.map(({ nodeId }) => this.#draft({ nodeId }));
    this.shards = Math.max(2, this.stages.length);
    if (!plan) return;
    this.mode = plan.mode;
    if (plan.mode !== 'manual') this.replicas = plan.replicas;
    if (plan.mode === 'shards') this.shards = plan.count;
    if (plan.mode === 'manual') this.stages = plan.stages.map((stage) => this.#draft(stage));
  }

  /** @throws Error naming what was written wrong */
  get plan(): DeploymentPlan {
    switch (this.mode) {
      case 'automatic':
        return { mode: 'automatic', replicas: this.replicas };
      case 'shards':
        return { mode: 'shards', count: this.shards, replicas: this.replicas };
      case 'manual':
        return {
          mode: 'manual',
          stages: this.stages.map(({ nodeId, layers }) => ({ nodeId, ...parseLayers(layers) })),
        };
    }
  }

  /** One more stage, at the end. */
  add(nodeId: string): void {
    this.stages.push(this.#draft({ nodeId }));
  }

  /** Moves a stage to another place in the order. */
  move(from: number, to: number): void {
    if (to < 0 || to >= this.stages.length || from === to) return;
    const [stage] = this.stages.splice(from, 1);
    if (stage) this.stages.splice(to, 0, stage);
  }

  /** Gives a stage to a node; one that has another stage gets this one's in return. */
  assign(index: number, nodeId: string): void {
    const stage = this.stages[index];
    if (!stage || stage.nodeId === nodeId) return;
    const other = this.stages.find((one) => one.nodeId === nodeId);
    if (other) other.nodeId = stage.nodeId;
    stage.nodeId = nodeId;
  }

  remove(index: number): void {
    this.stages.splice(index, 1);
  }

  /** Asks the hub what would happen. */
  async look(): Promise<void> {
    const turn = ++this.#turn;
    try {
      const body = { model: this.#model, plan: this.plan };
      const preview = await hubSend<DeploymentPreview>('POST', '/api/deployments/preview', body);
      if (turn !== this.#turn) return;
      this.preview = preview;
      this.problem = undefined;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.preview = undefined;
      this.problem = messageOf(error);
    }
  }

  /** @throws HubError, also where somebody else changed the deployment meanwhile */
  async deploy(): Promise<void> {
    const { plan, revision } = this;
    await hubSend('PUT', '/api/deployments', {
      model: this.#model,
      plan,
      ...(revision === undefined ? {} : { revision }),
    });
  }

  #draft({ nodeId, firstLayer, lastLayer }: PlannedStage): StageDraft {
    const isGiven = firstLayer !== undefined && lastLayer !== undefined;
    this.#lastKey += 1;
    return { key: this.#lastKey, nodeId, layers: isGiven ? `${firstLayer}-${lastLayer}` : '' };
  }
}
