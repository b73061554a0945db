/** A deployment that is being thought about: how, and what would happen. */
import type { Deployment, DeploymentPlan, DeploymentPreview, Node, PlannedStage } from '@potluck/api';
import { messageOf } from '#lib/hub/errors.ts';
import { hubSend } from '#lib/hub/hubFetch.ts';
import { parseLayers } from './parseLayers.ts';
import { withNode, withoutNode } from './shares.ts';

/** The hub is asked when nothing was changed for so long, in milliseconds. */
const stillMs = 200;

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
  /** While requests wait, up to so many; undefined: no more than `replicas`. */
  mostReplicas = $state<number>();
  shards = $state(2);
  /** In order. */
  stages = $state<StageDraft[]>([]);
  preview = $state.raw<DeploymentPreview>();
  problem = $state<string>();
  /** Why nothing was proposed. */
  remark = $state<string>();
  /** True while the preview is that of the plan as it is now. */
  isPreviewed = $state(false);
  /** Of the deployment that this plan changes; undefined where there was none. */
  revision = $state<number>();
  readonly #model: string;
  readonly #deployment: Deployment | undefined;
  #asked = '';
  #lastKey = 0;

  constructor(model: string, deployment: Deployment | undefined) {
    this.#model = model;
    this.#deployment = deployment;
    this.revision = deployment?.revision;
    const plan = deployment?.plan;
    const served = deployment?.replicas[0]?.stages ?? [];
    this.stages = served.map(({ nodeId }) => this.#draft({ nodeId }));
    this.shards = Math.max(2, this.stages.length);
    if (!plan) return;
    this.mode = plan.mode;
    if (plan.mode !== 'manual') this.replicas = plan.replicas;
    if (plan.mode === 'automatic') this.mostReplicas = plan.mostReplicas;
    if (plan.mode === 'shards') this.shards = plan.count;
    if (plan.mode === 'manual') this.stages = plan.stages.map((stage) => this.#draft(stage));
  }

  /** @throws Error naming what was written wrong */
  get plan(): DeploymentPlan {
    switch (this.mode) {
      case 'automatic':
        return {
          mode: 'automatic',
          replicas: this.replicas,
          ...(this.mostReplicas === undefined
            ? {}
            : { mostReplicas: Math.max(this.replicas, this.mostReplicas) }),
        };
      case 'shards':
        return { mode: 'shards', count: this.shards, replicas: this.replicas };
      case 'manual':
        return {
          mode: 'manual',
          stages: this.stages.map(({ nodeId, layers }) => ({ nodeId, ...parseLayers(layers) })),
        };
    }
  }

  /**
   * Proposes to take a node's layers away, or to give it some if it has none: all of them where nobody has any. A plan by
   * hand knows no replicas, so where there are several nothing is proposed, and `remark` says so.
   */
  propose(nodeId: string, nodes: readonly Node[]): void {
    const [served, ...more] = this.#deployment?.replicas ?? [];
    if (more.length > 0) {
      this.remark = `This model runs as ${more.length + 1} replicas, and you can choose devices by hand for one replica only. Choose below how to run the model.`;
      return;
    }
    if (!served) return;
    const holds = (id: string): boolean => served.stages.some((stage) => stage.nodeId === id);
    const [spare] = nodes
      .filter(({ id, mode }) => mode === 'active' && !holds(id))
      .toSorted((one, other) => freeBytes(other) - freeBytes(one));
    this.mode = 'manual';
    const shares = holds(nodeId)
      ? withoutNode(served.stages, nodeId, spare?.id)
      : served.stages.length > 0
        ? withNode(served.stages, nodeId)
        : [{ nodeId }];
    this.stages = shares.map((share) => this.#draft(share));
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

  /**
   * Asks the hub what would happen, once the plan has been still for a moment.
   * @returns a function that ends it, an answer on its way included
   */
  look(): () => void {
    const stopping = new AbortController();
    const isFirst = this.#asked === '';
    try {
      const body = { model: this.#model, plan: this.plan };
      const text = JSON.stringify(body);
      if (text !== this.#asked) this.isPreviewed = false;
      this.#asked = text;
      const timer = setTimeout(() => void this.#ask(body, stopping.signal), isFirst ? 0 : stillMs);
      stopping.signal.addEventListener('abort', () => clearTimeout(timer));
    } catch (error) {
      this.#asked = 'nothing that could be asked';
      this.#take(undefined, messageOf(error));
    }
    return () => stopping.abort();
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

  async #ask(body: { model: string; plan: DeploymentPlan }, signal: AbortSignal): Promise<void> {
    try {
      const preview = await hubSend<DeploymentPreview>('POST', '/api/deployments/preview', body, signal);
      if (!signal.aborted) this.#take(preview, undefined);
    } catch (error) {
      if (!signal.aborted) this.#take(undefined, messageOf(error));
    }
  }

  #take(preview: DeploymentPreview | undefined, problem: string | undefined): void {
    this.preview = preview;
    this.problem = problem;
    this.isPreviewed = true;
  }

  #draft({ nodeId, firstLayer, lastLayer }: PlannedStage): StageDraft {
    const isGiven = firstLayer !== undefined && lastLayer !== undefined;
    this.#lastKey += 1;
    return { key: this.#lastKey, nodeId, layers: isGiven ? `${firstLayer}-${lastLayer}` : '' };
  }
}

function freeBytes({ memoryBytes, reservedBytes }: Node): number {
  return Math.max(0, memoryBytes - reservedBytes);
}
