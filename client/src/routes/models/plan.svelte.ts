/** A deployment that is being thought about: how, and what would happen. */
import type { Deployment, DeploymentPlan, DeploymentPreview, PlannedStage } from '@potluck/api';
import { messageOf } from '#lib/hub/errors.ts';
import { hubSend } from '#lib/hub/hubFetch.ts';

/** A shard of a plan by hand; the key stays with it when it moves. */
export interface ShardChoice {
  readonly key: number;
  nodeId: string;
}

export class Plan {
  mode = $state<DeploymentPlan['mode']>('automatic');
  replicas = $state(1);
  shards = $state(2);
  /** Of a plan by hand, in order. */
  choices = $state<ShardChoice[]>([]);
  preview = $state.raw<DeploymentPreview>();
  problem = $state<string>();
  readonly #model: string;
  readonly #revision: number | undefined;
  #turn = 0;
  #lastKey = 0;

  constructor(model: string, deployment: Deployment | undefined) {
    this.#model = model;
    this.#revision = deployment?.revision;
    const plan = deployment?.plan;
    const stages = plan?.mode === 'manual' ? plan.stages : (deployment?.replicas[0]?.stages ?? []);
    this.choices = stages.map(({ nodeId }) => this.#choice(nodeId));
    this.shards = Math.max(2, stages.length);
    if (!plan) return;
    this.mode = plan.mode;
    if (plan.mode !== 'manual') this.replicas = plan.replicas;
    if (plan.mode === 'shards') this.shards = plan.count;
  }

  get plan(): DeploymentPlan {
    switch (this.mode) {
      case 'automatic':
        return { mode: 'automatic', replicas: this.replicas };
      case 'shards':
        return { mode: 'shards', count: this.shards, replicas: this.replicas };
      case 'manual':
        return { mode: 'manual', stages: this.choices.map(({ nodeId }): PlannedStage => ({ nodeId })) };
    }
  }

  /** One more shard, at the end. */
  add(nodeId: string): void {
    this.choices.push(this.#choice(nodeId));
  }

  /** Moves a shard to another place in the order. */
  move(from: number, to: number): void {
    if (to < 0 || to >= this.choices.length || from === to) return;
    this.choices.splice(to, 0, ...this.choices.splice(from, 1));
  }

  /** Gives a shard to a node; one that has another shard gets this one's in return. */
  assign(index: number, nodeId: string): void {
    const choice = this.choices[index];
    if (!choice || choice.nodeId === nodeId) return;
    const other = this.choices.find((one) => one.nodeId === nodeId);
    if (other) other.nodeId = choice.nodeId;
    choice.nodeId = nodeId;
  }

  remove(index: number): void {
    this.choices.splice(index, 1);
  }

  #choice(nodeId: string): ShardChoice {
    this.#lastKey += 1;
    return { key: this.#lastKey, nodeId };
  }

  /** Asks the hub what would happen. */
  async look(): Promise<void> {
    const turn = ++this.#turn;
    try {
      const preview = await hubSend<DeploymentPreview>('POST', '/api/deployments/preview', {
        model: this.#model,
        plan: this.plan,
      });
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
    await hubSend('PUT', '/api/deployments', {
      model: this.#model,
      plan: this.plan,
      ...(this.#revision === undefined ? {} : { revision: this.#revision }),
    });
  }
}
