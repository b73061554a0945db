/** What the operator does to deployments: looks before, does, and keeps it for the next start. */
import { setImmediate } from 'node:timers/promises';
import type { DepartureEffect, DeploymentPlan, DeploymentPreview, PreviewStage } from '@potluck/api';
import type { ModelPackage, PipelineId, WorkerId } from '@potluck/protocol';
import type { DeploymentStore } from './deploymentStore.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { Model } from '../models/model.ts';
import { cannotRun } from '../placement/cannotRun.ts';
import { checkPlan } from '../placement/checkPlan.ts';
import type { Room } from '../placement/estimateFit.ts';
import { freeBytes, reclaimableBytes, type GridView, type GridWorker } from '../placement/gridView.ts';
import type { StageAt } from '../placement/layerRange.ts';
import { placeEach, type Placement } from '../placement/place.ts';
import { predictSpeed } from '../placement/prediction/predictSpeed.ts';
import type { Refusal } from '../placement/refusal.ts';
import { stageBytes, stageMemory } from '../placement/stageMemory.ts';
import type { NodeBook } from '../workers/nodeBook.ts';
import { hasSameLayout, replicaCount, type Deployment } from './deployment.ts';
import { departureOf } from './departure.ts';
import { DeploymentError } from './deploymentError.ts';
import type { Deployments } from './deployments.ts';

export interface OperatorComponents {
  catalogue: Catalogue;
  deployments: Deployments;
  nodes: NodeBook;
  store: DeploymentStore;
}

export class Operator {
  readonly #components: OperatorComponents;

  constructor(components: OperatorComponents) {
    this.#components = components;
  }

  /** @throws DeploymentError, ModelError */
  async deploy(id: string, plan: DeploymentPlan, revision?: number): Promise<Deployment> {
    const { catalogue, deployments, store } = this.#components;
    const model = await this.#open(id);
    const deployment = deployments.deploy(model, plan, revision);
    await store.put({ model: id, plan, createdAt: deployment.createdAt });
    // Somebody may have removed it while it was opened.
    if (!catalogue.find(id)) await this.undeploy(id);
    return deployment;
  }

  /**
   * Serves the new files of a model that was added again. Does nothing where the model is not deployed, or its files are
   * the same.
   * @throws ModelError
   */
  async replaceModel(id: string): Promise<void> {
    const { catalogue, deployments, store } = this.#components;
    if (!deployments.find(id)) return;
    const deployment = deployments.replaceModel(await catalogue.open(id));
    if (!deployment) return;
    const { plan, createdAt } = deployment;
    await store.put({ model: id, plan, createdAt });
  }

  /** @throws DeploymentError if it is not deployed */
  async undeploy(id: string): Promise<void> {
    const { deployments, store } = this.#components;
    deployments.undeploy(id);
    await store.remove(id);
  }

  /**
   * Removes a model that is not deployed.
   * @throws DeploymentError if it is deployed, ModelError if it can't be removed
   */
  async removeModel(id: string): Promise<void> {
    const { catalogue, deployments } = this.#components;
    if (!catalogue.find(id)) throw notHere(id);
    if (deployments.find(id)) {
      throw new DeploymentError('conflict', `${id} is deployed. Undeploy it first.`, 'id');
    }
    await catalogue.remove(id);
  }

  /** What deploying would do, from what is free now. @throws DeploymentError, ModelError */
  async preview(id: string, plan: DeploymentPlan): Promise<DeploymentPreview> {
    const model = await this.#open(id);
    const { layers } = model.package;
    const problem = checkPlan(plan, layers.length);
    if (problem) throw new DeploymentError('bad_plan', problem.message, problem.param);
    const { deployments, nodes } = this.#components;
    const { grid } = deployments;
    // A deployment that is changed gives its memory back first.
    const deployment = deployments.find(id);
    const replaced = new Set(deployment?.replicas.map((replica) => replica.id));
    const count = replicaCount(plan);
    // What serves by such a plan stays where it is.
    const stays = deployment !== undefined && hasSameLayout(plan, deployment.plan);
    const former = (stays ? deployment.replicas : []).map(({ ready }) => ready?.stages ?? []);
    const replicas: (Placement | Refusal)[] = [];
    for (const placed of placeEach({
      model: model.package,
      plan,
      grid,
      replicas: Array.from({ length: count }, (_, replica) => former[replica] ?? []),
      replaced,
      mayShrink: true,
      nameOf: (nodeId) => nodes.nameOf(nodeId),
    })) {
      replicas.push(placed);
      // Others have their turn: among many workers each step takes milliseconds.
      await setImmediate();
    }
    const leastOf = stageBytes(model.package);
    const answer: DeploymentPreview = {
      ok: true,
      problem: null,
      stages: [],
      bytesToMove: 0,
      neededBytes: leastOf(0, layers.length - 1),
      offeredBytes: roomsFor(grid, model.package, replaced).reduce(
        (sum, { freeBytes }) => sum + freeBytes,
        0,
      ),
      reasons: [],
      predictions: [],
    };
    for (const [replica, placed] of replicas.entries()) {
      if (!placed.ok) {
        const which = count > 1 ? `replica ${replica + 1}: ` : '';
        return { ...answer, ok: false, problem: `${which}${placed.message}`, reasons: [], predictions: [] };
      }
      answer.reasons.push(...placed.reasons);
      const others = new Set(
        replicas.flatMap((other) =>
          other.ok && other !== placed ? other.stages.map(({ workerId }) => workerId) : [],
        ),
      );
      const stages = placed.stages.map((stage) => ({
        ...stage,
        leastMemoryBytes: leastOf(stage.firstLayer, stage.lastLayer),
      }));
      const prediction = predictSpeed(model.package, stages, grid, replaced, others);
      answer.predictions.push({ replica, ...prediction });
      for (const stage of placed.stages) {
        const worker = grid.workers.get(stage.workerId);
        if (!worker) continue;
        const shown = await previewStage(model, stage, { replica, worker, replaced });
        answer.stages.push(shown);
        answer.bytesToMove += shown.bytesToMove;
      }
      await setImmediate();
    }
    return answer;
  }

  /** What becomes of the deployed models if a node leaves, from what is free now. */
  async departure(workerId: WorkerId): Promise<DepartureEffect[]> {
    const { deployments, nodes } = this.#components;
    const view = {
      grid: deployments.grid,
      standbyOf: (id: PipelineId) => deployments.standbyOf(id),
      nameOf: (id: string) => nodes.nameOf(id),
    };
    const effects: DepartureEffect[] = [];
    for (const deployment of deployments.list) {
      const effect = departureOf(deployment, workerId, view);
      if (effect) effects.push(effect);
      // Placing a model among many workers takes milliseconds.
      await setImmediate();
    }
    return effects;
  }

  /** What each node that may have stages of such a model has for another model. */
  roomsFor(model: Pick<ModelPackage, 'float16' | 'deviceKinds'>): Room[] {
    return roomsFor(this.#components.deployments.grid, model);
  }

  async #open(id: string): Promise<Model> {
    const { catalogue, deployments } = this.#components;
    const deployed = deployments.find(id)?.model;
    if (deployed) return deployed;
    if (!catalogue.find(id)) throw notHere(id);
    return catalogue.open(id);
  }
}

async function previewStage(
  model: Model,
  { workerId, firstLayer, lastLayer }: StageAt,
  { replica, worker, replaced }: { replica: number; worker: GridWorker; replaced: ReadonlySet<PipelineId> },
): Promise<PreviewStage> {
  const { packs } = await model.cutStage(firstLayer, lastLayer);
  return {
    nodeId: workerId,
    nodeName: worker.name,
    replica,
    firstLayer,
    lastLayer,
    ...stageMemory(model.package)(firstLayer, lastLayer),
    availableBytes: freeBytes(worker.memory, replaced),
    bytesToMove: packs
      .filter(({ sha256 }) => !worker.cachedBlobs.has(sha256))
      .reduce((sum, { size }) => sum + size, 0),
  };
}

function roomsFor(
  { workers }: GridView,
  model: Pick<ModelPackage, 'float16' | 'deviceKinds'>,
  replaced?: ReadonlySet<PipelineId>,
): Room[] {
  return [...workers.values()]
    .filter(
      ({ unusable, isLeaving, device }) =>
        unusable === undefined && !isLeaving && cannotRun(device, model) === undefined,
    )
    .map(({ memory }) => ({
      freeBytes: freeBytes(memory, replaced),
      reclaimableBytes: reclaimableBytes(memory),
    }));
}

function notHere(id: string): DeploymentError {
  return new DeploymentError('unknown_model', `There is no model '${id}' here. Add it first.`, 'model');
}
