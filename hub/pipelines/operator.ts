/** What the operator does to deployments: looks before, does, and keeps it for the next start. */
import type { DeploymentPlan, DeploymentPreview, Prediction, PreviewStage } from '@potluck/api';
import type { ModelPackage, WorkerId } from '@potluck/protocol';
import type { DeploymentStore } from './deploymentStore.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { Model } from '../models/model.ts';
import { cannotRun } from '../placement/cannotRun.ts';
import { checkPlan } from '../placement/checkPlan.ts';
import { placeByPlan } from '../placement/placeByPlan.ts';
import type { PlacedStage, PlacementWorker } from '../placement/placeStages.ts';
import { measuredPace } from '../placement/prediction/measuredPace.ts';
import { predictSpeed } from '../placement/prediction/predictSpeed.ts';
import { stageBytes, stageMemory } from '../placement/stageMemory.ts';
import type { NodeBook } from '../workers/nodeBook.ts';
import type { SpeedBook } from '../workers/speedBook.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { PeerState } from '../workers/workerTable.ts';
import { replicaCount, type Deployment } from './deployment.ts';
import { DeploymentError } from './deploymentError.ts';
import type { Deployments } from './deployments.ts';

export interface OperatorComponents {
  catalogue: Catalogue;
  deployments: Deployments;
  registry: WorkerRegistry;
  nodes: NodeBook;
  speeds: SpeedBook;
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
    const { candidates: able, unable } = this.#candidates(model.package);
    const candidates = able.map((worker) => ({ ...worker, ...this.#paceOf(worker, model.package) }));
    const nameOf = (nodeId: string): string => this.#components.nodes.nameOf(nodeId);
    const answer: DeploymentPreview = {
      ok: true,
      problem: null,
      stages: [],
      bytesToMove: 0,
      neededBytes: stageBytes(model.package)(0, layers.length - 1),
      offeredBytes: candidates.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      predictions: [],
    };
    const used = new Set<string>();
    for (let replica = 0; replica < replicaCount(plan); replica++) {
      const left = candidates.filter((worker) => !used.has(worker.id));
      const placement = placeByPlan(model.package, left, plan, nameOf);
      if (!placement.ok) {
        const which = replicaCount(plan) > 1 ? `replica ${replica + 1}: ` : '';
        const problem = [`${which}${placement.message}`, ...unable].join('; ');
        return { ...answer, ok: false, problem, predictions: [] };
      }
      answer.predictions.push({ replica, ...this.#predict(model, placement.stages, left) });
      for (const stage of placement.stages) {
        used.add(stage.workerId);
        const shown = await this.#previewStage(model, stage, replica, left);
        answer.stages.push(shown);
        answer.bytesToMove += shown.bytesToMove;
      }
    }
    return answer;
  }

  async #previewStage(
    model: Model,
    { workerId, firstLayer, lastLayer }: PlacedStage,
    replica: number,
    workers: PlacementWorker[],
  ): Promise<PreviewStage> {
    const { registry } = this.#components;
    const worker = registry.table.get(workerId);
    const { packs } = await model.cutStage(firstLayer, lastLayer);
    return {
      nodeId: workerId,
      nodeName: worker?.name ?? workerId,
      replica,
      firstLayer,
      lastLayer,
      ...stageMemory(model.package)(firstLayer, lastLayer),
      availableBytes: workers.find(({ id }) => id === workerId)?.memoryBytes ?? 0,
      bytesToMove: packs
        .filter(({ sha256 }) => !worker?.cachedBlobs.has(sha256))
        .reduce((sum, { size }) => sum + size, 0),
    };
  }

  #predict(
    model: Model,
    stages: readonly PlacedStage[],
    candidates: readonly PlacementWorker[],
  ): Omit<Prediction, 'replica'> {
    const { registry, speeds } = this.#components;
    const workers = candidates.flatMap(({ id, name, memoryBytes }) => {
      const worker = registry.table.get(id);
      if (!worker) return [];
      return [{ id, name, memoryBytes, device: worker.device, samples: speeds.samplesOf(worker) }];
    });
    const link = (from: WorkerId, to: WorkerId): PeerState | undefined =>
      registry.table.get(from)?.peers.get(to) ?? registry.table.get(to)?.peers.get(from);
    return predictSpeed(model.package, stages, { workers, link });
  }

  #paceOf({ id }: PlacementWorker, model: ModelPackage): Pick<PlacementWorker, 'millisecondsPerByte'> {
    const { registry: workers, speeds } = this.#components;
    const worker = workers.table.get(id);
    const pace = worker && measuredPace(worker.device, speeds.samplesOf(worker), model);
    return { millisecondsPerByte: pace };
  }

  /** What each node that may have stages of such a model has free, in bytes. */
  freeBytes(model: Pick<ModelPackage, 'float16' | 'deviceKinds'>): number[] {
    return this.#candidates(model).candidates.map(({ memoryBytes }) => memoryBytes);
  }

  /** Who may have stages; and, for people, who of them can't run this model. */
  #candidates(model: Pick<ModelPackage, 'float16' | 'deviceKinds'> & { id?: string }): {
    candidates: PlacementWorker[];
    unable: string[];
  } {
    const { registry, deployments, nodes } = this.#components;
    const unable: string[] = [];
    const candidates = [...registry.table.values()].flatMap((worker) => {
      const { id, name, device, isLeaving } = worker;
      if (isLeaving || nodes.unusable(id) !== undefined) return [];
      const reason = cannotRun(device, model);
      if (reason === undefined) return [{ id, name, memoryBytes: deployments.freeBytes(worker, model.id) }];
      unable.push(`${name} ${reason}`);
      return [];
    });
    return { candidates, unable };
  }

  async #open(id: string): Promise<Model> {
    const { catalogue, deployments } = this.#components;
    const deployed = deployments.find(id)?.model;
    if (deployed) return deployed;
    if (!catalogue.find(id)) throw notHere(id);
    return catalogue.open(id);
  }
}

function notHere(id: string): DeploymentError {
  return new DeploymentError('unknown_model', `There is no model '${id}' here. Add it first.`, 'model');
}
