/** A deployment that is being thought about: how, and what would happen. */
import type { Deployment, DeploymentPlan, DeploymentPreview, PlannedStage } from '@potluck/api';
import { messageOf } from '#lib/hub/errors.ts';
import { hubSend } from '#lib/hub/hubFetch.ts';

export class Plan {
  mode = $state<DeploymentPlan['mode']>('automatic');
  replicas = $state(1);
  shards = $state(2);
  /** Node of each stage, in order. */
  nodeIds = $state<string[]>([]);
  preview = $state.raw<DeploymentPreview>();
  problem = $state<string>();
  readonly #model: string;
  readonly #revision: number | undefined;
  #turn = 0;

  constructor(model: string, deployment: Deployment | undefined) {
    this.#model = model;
    this.#revision = deployment?.revision;
    const plan = deployment?.plan;
    this.nodeIds = deployment?.replicas[0]?.stages.map(({ nodeId }) => nodeId) ?? [];
    this.shards = Math.max(2, this.nodeIds.length);
    if (!plan) return;
    this.mode = plan.mode;
    if (plan.mode !== 'manual') this.replicas = plan.replicas;
    if (plan.mode === 'shards') this.shards = plan.count;
    if (plan.mode === 'manual') this.nodeIds = plan.stages.map(({ nodeId }) => nodeId);
  }

  get plan(): DeploymentPlan {
    switch (this.mode) {
      case 'automatic':
        return { mode: 'automatic', replicas: this.replicas };
      case 'shards':
        return { mode: 'shards', count: this.shards, replicas: this.replicas };
      case 'manual':
        return { mode: 'manual', stages: this.nodeIds.map((nodeId): PlannedStage => ({ nodeId })) };
    }
  }

  /** Moves a stage to another place in the order. */
  move(from: number, to: number): void {
    if (to < 0 || to >= this.nodeIds.length || from === to) return;
    const [nodeId] = this.nodeIds.splice(from, 1);
    if (nodeId !== undefined) this.nodeIds.splice(to, 0, nodeId);
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
