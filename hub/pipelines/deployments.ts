/** All models that are served: leads what happens to workers to the pipelines that it is about. */
import { isDeepStrictEqual } from 'node:util';
import type { DeploymentPlan } from '@potluck/api';
import type { InstanceId, ModelId, StageReport, WorkerId } from '@potluck/protocol';
import type { Logger } from 'pino';
import type { Model } from '../models/model.ts';
import { cannotRun } from '../placement/cannotRun.ts';
import { checkPlan } from '../placement/checkPlan.ts';
import type { GridView, GridWorker, Reservation } from '../placement/gridView.ts';
import { stageMemory } from '../placement/stageMemory.ts';
import type { SpeedBook } from '../workers/speedBook.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import { replicaCount, type Deployment } from './deployment.ts';
import { DeploymentError } from './deploymentError.ts';
import type { Pipeline, ReadyPipeline } from './pipeline.ts';
import { PipelineKeeper } from './pipelineKeeper.ts';

export interface DeploymentsComponents {
  registry: WorkerRegistry;
  logger: Logger;
  /** How many workers, beside those that are here, are just being started. */
  workersStarting: () => number;
  /** What people call a node, also one that is away. */
  nameOf: (nodeId: string) => string;
  /** Why a worker gets no stages though it is here; undefined where it may have some. */
  unusable: (workerId: WorkerId) => string | undefined;
  /** What workers' steps took. */
  speeds: SpeedBook;
}

export interface DeploymentsInit {
  /** Longest time without progress that a worker may spend in one state before `ready`, in milliseconds. */
  stageDeadlineMs: number;
  /** See `movePatienceMs`. */
  movePatienceMs: number;
}

/** Told about every pipeline, in the order in which it happens. */
export interface DeploymentsListener {
  ready?(keeper: PipelineKeeper, pipeline: ReadyPipeline): void;
  lost?(keeper: PipelineKeeper, pipeline: Pipeline, reason: string): void;
  /** Anything that people can see of a model's deployment is different now; also when it is removed. */
  changed?(model: ModelId): void;
}

export class Deployments {
  readonly #components: DeploymentsComponents;
  readonly #init: DeploymentsInit;
  readonly #listeners = new Set<DeploymentsListener>();
  readonly #deployments = new Map<ModelId, Deployment>();
  /** Gave their stages up, which workers may still hold. */
  readonly #leaving = new Set<PipelineKeeper>();
  readonly #instances = new Map<WorkerId, InstanceId>();
  readonly #stopListening: () => void;

  constructor(components: DeploymentsComponents, init: DeploymentsInit) {
    this.#components = components;
    this.#init = init;
    this.#stopListening = components.registry.listen({
      joined: (worker) => this.#joined(worker),
      left: (worker, reason) => this.#keepers().forEach((keeper) => keeper.workerLeft(worker, reason)),
      message: (worker, message) => {
        if (message.type === 'stage-report') this.#reported(worker, message);
      },
    });
  }

  /** In the order in which they were made. */
  get list(): readonly Deployment[] {
    return [...this.#deployments.values()];
  }

  find(model: string): Deployment | undefined {
    return this.#deployments.get(model as ModelId);
  }

  /** @returns a function that ends the listening */
  listen(listener: DeploymentsListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** True where both workers have a stage of the same pipeline. */
  areNeighbours(one: WorkerId, other: WorkerId): boolean {
    return this.#keepers().some((keeper) => keeper.uses(one) && keeper.uses(other));
  }

  /**
   * Deploys a model, or changes how it is deployed: running answers end first.
   * @param revision that of the deployment which the caller looked at; undefined for a new one
   * @throws DeploymentError if the plan can't fit the model, or another revision is current
   */
  deploy(model: Model, plan: DeploymentPlan, revision?: number): Deployment {
    const { id, layers } = model.package;
    const problem = checkPlan(plan, layers.length);
    if (problem) throw new DeploymentError('bad_plan', problem.message, problem.param);
    const present = this.#deployments.get(id);
    if (present?.revision !== revision) throw revisionConflict(id, present);
    const replicas = [...(present?.replicas ?? [])];
    for (const superfluous of replicas.splice(replicaCount(plan))) this.#retire(superfluous);
    for (const keeper of replicas) keeper.replan(plan);
    const added = Array.from({ length: replicaCount(plan) - replicas.length }, () =>
      this.#makeKeeper(model, plan),
    );
    const deployment: Deployment = {
      model: present?.model ?? model,
      plan,
      revision: (present?.revision ?? 0) + 1,
      createdAt: present?.createdAt ?? Date.now(),
      replicas: [...replicas, ...added],
    };
    this.#deployments.set(id, deployment);
    for (const keeper of added) keeper.reconsider();
    this.#tell((listener) => listener.changed?.(id));
    return deployment;
  }

  /**
   * Serves the new files of a deployed model, under its plan as far as that fits them. Answers that run end with an error.
   * @returns the new deployment; undefined where the model is not deployed, or its files are the same
   */
  replaceModel(model: Model): Deployment | undefined {
    const { id, layers } = model.package;
    const present = this.#deployments.get(id);
    if (!present || isSameModel(present.model, model)) return undefined;
    const replicas = replicaCount(present.plan);
    const plan: DeploymentPlan = checkPlan(present.plan, layers.length)
      ? { mode: 'automatic', replicas }
      : present.plan;
    const keepers = Array.from({ length: replicas }, () => this.#makeKeeper(model, plan));
    const { revision, createdAt } = present;
    const deployment: Deployment = { model, plan, revision: revision + 1, createdAt, replicas: keepers };
    this.#deployments.set(id, deployment);
    for (const keeper of present.replicas) this.#retire(keeper, 'its model was added again');
    for (const keeper of keepers) keeper.reconsider();
    this.#tell((listener) => listener.changed?.(id));
    return deployment;
  }

  /**
   * Takes a model off the workers; answers that run end with an error.
   * @throws DeploymentError if it is not deployed
   */
  undeploy(model: string): void {
    const deployment = this.find(model);
    if (!deployment) throw new DeploymentError('not_deployed', `${model} is not deployed.`);
    const { id } = deployment.model.package;
    this.#deployments.delete(id);
    for (const keeper of deployment.replicas) this.#retire(keeper);
    this.#tell((listener) => listener.changed?.(id));
  }

  /** All workers that are here, as placement reads them. */
  get grid(): GridView {
    const { registry, speeds, unusable } = this.#components;
    const { table } = registry;
    const workers = [...table.values()].map((worker): [WorkerId, GridWorker] => {
      const { id, name, kind, device, presence, isLeaving, joinedAt, memoryBytes, cachedBlobs, peers } =
        worker;
      const { weights, caches } = worker.load.usedBytes;
      const reason = unusable(id);
      const view: GridWorker = {
        id,
        name,
        kind,
        device,
        isLeaving,
        joinedAt,
        cachedBlobs,
        links: peers,
        memory: {
          offeredBytes: memoryBytes,
          usedBytes: weights + caches,
          reservations: this.#reservationsAt(id),
        },
        tokenSteps: speeds.samplesOf(worker),
        promptSteps: speeds.promptSamplesOf(worker),
        ...(presence === undefined ? {} : { presence }),
        ...(reason === undefined ? {} : { unusable: reason }),
      };
      return [id, view];
    });
    return { workers: new Map(workers) };
  }

  /** What stages have reserved at a worker, in bytes. */
  usedBytes(workerId: WorkerId): number {
    return this.#keepers().reduce((sum, keeper) => sum + keeper.bytesAt(workerId), 0);
  }

  /** Moves stages away from a worker that must not have any: at once, or when running answers have ended. */
  vacate(workerId: WorkerId, reason: string, when: 'at-once' | 'idle'): void {
    for (const keeper of this.#keepers()) {
      if (keeper.uses(workerId)) {
        if (when === 'idle') keeper.retire(reason);
        else keeper.giveUp(reason);
      }
      if (!keeper.uses(workerId)) keeper.releaseAt(workerId);
    }
  }

  /** Looks for something to do everywhere. */
  reconsider(): void {
    for (const keeper of this.#keepers()) keeper.reconsider();
  }

  /** Gives every stage up, without waiting. */
  stop(): void {
    this.#stopListening();
    for (const keeper of this.#keepers()) void keeper.stop('the hub is shutting down');
  }

  #makeKeeper(model: Model, plan: DeploymentPlan): PipelineKeeper {
    const { registry, logger, workersStarting, nameOf, unusable } = this.#components;
    const { id } = model.package;
    const keeper: PipelineKeeper = new PipelineKeeper(
      {
        model,
        registry,
        logger: logger.child({ model: id }),
        workersStarting,
        nameOf,
        grid: () => this.grid,
        barredBecause: (worker) => {
          const reason = unusable(worker.id) ?? cannotRun(worker.device, model.package);
          if (reason !== undefined) return reason;
          const siblings = this.find(id)?.replicas.filter((replica) => replica !== keeper) ?? [];
          const isTaken = siblings.some((one) => one.uses(worker.id) || one.prepares(worker.id));
          return isTaken ? 'has another replica' : undefined;
        },
        listener: {
          ready: (pipeline) => this.#tell((listener) => listener.ready?.(keeper, pipeline)),
          lost: (pipeline, reason) => this.#tell((listener) => listener.lost?.(keeper, pipeline, reason)),
          changed: () => this.#tell((listener) => listener.changed?.(id)),
        },
      },
      { plan, ...this.#init },
    );
    return keeper;
  }

  #reservationsAt(workerId: WorkerId): Reservation[] {
    return [...this.#keepers(), ...this.#leaving].flatMap((keeper) => {
      const bytes = keeper.bytesAt(workerId);
      if (bytes === 0) return [];
      const memoryOf = stageMemory(keeper.model.package);
      const reclaimableBytes = (keeper.pipeline?.stages ?? [])
        .filter((stage) => stage.workerId === workerId)
        .reduce((sum, { firstLayer, lastLayer, mostCacheBytes }) => {
          return sum + Math.max(0, mostCacheBytes - memoryOf(firstLayer, lastLayer).cacheBytes);
        }, 0);
      return [{ model: keeper.model.package.id, pipelineId: keeper.id, bytes, reclaimableBytes }];
    });
  }

  /** Ends a pipeline for good; others may use its workers once they freed its stages. */
  #retire(keeper: PipelineKeeper, reason = 'it was undeployed'): void {
    this.#leaving.add(keeper);
    void keeper.stop(reason).then(() => {
      this.#leaving.delete(keeper);
      this.reconsider();
    });
  }

  #keepers(): PipelineKeeper[] {
    return this.list.flatMap(({ replicas }) => replicas);
  }

  #joined(worker: WorkerRecord): void {
    const keepers = [...this.#keepers(), ...this.#leaving];
    const isRestarted = (this.#instances.get(worker.id) ?? worker.instanceId) !== worker.instanceId;
    this.#instances.set(worker.id, worker.instanceId);
    if (isRestarted) for (const keeper of keepers) keeper.workerRestarted(worker.id);
    for (const keeper of this.#keepers()) keeper.workerJoined(worker);
  }

  /** A stage that nobody remembers is released. */
  #reported(worker: WorkerRecord, report: StageReport): void {
    const isKnown = [...this.#keepers(), ...this.#leaving].some((keeper) => keeper.reported(worker, report));
    if (isKnown || report.state === 'failed' || report.state === 'released') return;
    this.#components.registry.send(worker.id, { type: 'release', assignmentId: report.assignmentId });
  }

  #tell(call: (listener: DeploymentsListener) => void): void {
    for (const listener of [...this.#listeners]) call(listener);
  }
}

/** Whether both were made of the same files, whenever that was. */
function isSameModel({ package: one }: Model, { package: other }: Model): boolean {
  return isDeepStrictEqual({ ...one, importedAt: 0 }, { ...other, importedAt: 0 });
}

function revisionConflict(model: string, present: Deployment | undefined): DeploymentError {
  const message = present
    ? `${model} is deployed with revision ${present.revision}. Look at it again, then send that revision.`
    : `${model} is not deployed any more. Leave the revision out to deploy it anew.`;
  return new DeploymentError('conflict', message, 'revision');
}
