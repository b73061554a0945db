/** All models that are served, for the rest of the hub: what there is, and what may be asked of it. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { DeploymentPlan } from '@potluck/api';
import { PipelineId, type AssignmentId, type ModelId, type WorkerId } from '@potluck/protocol';
import type { Model } from '../models/model.ts';
import { checkPlan } from '../placement/checkPlan.ts';
import type { GridView } from '../placement/gridView.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import { monotonicClock, type Clock } from './clock.ts';
import { deploymentOf, replicaCount, type Deployment, type Replica } from './deployment.ts';
import { DeploymentError } from './deploymentError.ts';
import { forEachOf } from './forEachOf.ts';
import { PipelineExecutor, type ExecutorComponents } from './executor.ts';
import { logAnnouncement } from './logging.ts';
import type { Pipeline, ReadyPipeline, Stage } from './pipeline.ts';
import { standsBy } from './plan/standingBy.ts';
import {
  pipelineOf,
  stagesOf,
  usesWorker,
  type PipelineSettings,
  type PipelineState,
  type PipelinesState,
} from './state/state.ts';
import type { ServedBefore } from './state/events.ts';
import { standInsOf } from './state/standIns.ts';
import type { MoveOutcome } from './state/weighed.ts';
import type { Announcement } from './whatChanged.ts';
import type { WorkerFollower } from './workerFollower.ts';

export interface DeploymentsComponents extends Omit<ExecutorComponents, 'clock' | 'registry'> {
  registry: Pick<WorkerRegistry, 'table' | 'send' | 'doubt'>;
  /** Default: the machine's own. */
  clock?: Clock;
}

/** Told about every pipeline, in the order in which it happens. */
export interface DeploymentsListener {
  ready?(replica: Replica, pipeline: ReadyPipeline): void;
  /** The pipeline that serves has other room for caches, or workers with other names; what runs through it goes on. */
  updated?(replica: Replica, pipeline: ReadyPipeline): void;
  /** The pipeline is over; whatever ran through it has ended. */
  lost?(replica: Replica, pipeline: Pipeline, reason: string): void;
  /** Answers have shown what the last move to be faster was worth. */
  judged?(replica: Replica, outcome: MoveOutcome): void;
  /**
   * Anything that people can see of a model's deployment is different now; also when it is removed.
   * @param workers whose stages are different
   */
  changed?(model: ModelId, workers: readonly WorkerId[]): void;
}

export class Deployments {
  readonly #components: DeploymentsComponents;
  readonly #executor: PipelineExecutor;
  readonly #listeners = new Set<DeploymentsListener>();
  #listed: { of: PipelinesState; list: readonly Deployment[] } | undefined;

  constructor(components: DeploymentsComponents, settings: PipelineSettings) {
    this.#components = components;
    this.#executor = new PipelineExecutor({ clock: monotonicClock, ...components }, settings, (one) =>
      this.#tell(one),
    );
  }

  /** Tell it what workers and the operator do. */
  get workers(): WorkerFollower {
    return this.#executor.workers;
  }

  /** In the order in which they were made. */
  get list(): readonly Deployment[] {
    const { state } = this.#executor;
    if (this.#listed?.of !== state) {
      const list = [...state.deployments.keys()].flatMap((id) => deploymentOf(state, id) ?? []);
      this.#listed = { of: state, list };
    }
    return this.#listed.list;
  }

  find(model: string): Deployment | undefined {
    return this.list.find((one) => one.model.package.id === model);
  }

  /** True once the hub shuts down: nothing is served any more. */
  get isStopped(): boolean {
    return this.#executor.isStopped;
  }

  /** For tests of what must be true of it. */
  get state(): PipelinesState {
    return this.#executor.state;
  }

  /** All workers that are here, as placement reads them. */
  get grid(): GridView {
    return this.#executor.grid;
  }

  /** @returns a function that ends the listening */
  listen(listener: DeploymentsListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** True where both workers have a stage of the same pipeline. */
  areNeighbours(one: WorkerId, other: WorkerId): boolean {
    return [...this.#executor.state.pipelines.values()].some(
      (pipeline) => usesWorker(pipeline, one) && usesWorker(pipeline, other),
    );
  }

  /** True where a worker has a stage, or loads one, also to stand by. */
  uses(workerId: WorkerId): boolean {
    return [...this.#executor.state.pipelines.values()].some(
      (one) =>
        usesWorker(one, workerId) || one.migration?.preloads.some((stage) => stage.workerId === workerId),
    );
  }

  /** A stage that a worker was assigned, also one that it loads ahead, with the model that it is of. */
  stageOf(workerId: WorkerId, assignmentId: AssignmentId): { model: Model; stage: Stage } | undefined {
    for (const one of this.#executor.state.pipelines.values()) {
      const stage = [...stagesOf(one), ...(one.migration?.preloads ?? [])].find(
        (each) => each.assignmentId === assignmentId && each.workerId === workerId,
      );
      if (stage) return { model: one.model, stage };
    }
    return undefined;
  }

  /** What a worker holds in case a stage is lost, or loads for that. */
  standbyAt(workerId: WorkerId): { model: Model; stage: Stage }[] {
    return this.#preloadsAt(workerId, standsBy);
  }

  /** What a worker loads since a pipeline moves there, which serves elsewhere meanwhile. */
  movingTo(workerId: WorkerId): { model: Model; stage: Stage }[] {
    return this.#preloadsAt(workerId, (one) => !standsBy(one));
  }

  #preloadsAt(
    workerId: WorkerId,
    isWanted: (pipeline: PipelineState) => boolean,
  ): { model: Model; stage: Stage }[] {
    return [...this.#executor.state.pipelines.values()]
      .filter(isWanted)
      .flatMap(({ model, migration }) =>
        (migration?.preloads ?? []).flatMap((stage) =>
          stage.workerId === workerId ? [{ model, stage }] : [],
        ),
      );
  }

  /** Who holds ready all that a worker serves, and could take its place at once; empty where a stage has nobody. */
  standInsOf(workerId: WorkerId): readonly WorkerId[] {
    return standInsOf(this.#executor.state, workerId);
  }

  /** What is held ready, or is loading, in case a stage of a pipeline is lost. */
  standbyOf(pipelineId: PipelineId): readonly Stage[] {
    const one = this.#executor.state.pipelines.get(pipelineId);
    return one && standsBy(one) ? (one.migration?.preloads ?? []) : [];
  }

  /**
   * Deploys a model, or changes how it is deployed: running answers end first.
   * @param revision that of the deployment which the caller looked at; undefined for a new one
   * @param served how it was served before the hub was started again: those workers are about to come
   * @throws DeploymentError if the plan can't fit the model, or another revision is current
   */
  deploy(model: Model, plan: DeploymentPlan, revision?: number, served?: ServedBefore): Deployment {
    const { id, layers } = model.package;
    const problem = checkPlan(plan, layers.length);
    if (problem) throw new DeploymentError('bad_plan', problem.message, problem.param);
    const present = this.find(id);
    if (present?.revision !== revision) throw revisionConflict(id, present);
    const newIds = newPipelineIds(replicaCount(plan) - (present?.replicas.length ?? 0));
    this.#executor.dispatch({
      type: 'deployed',
      model,
      plan,
      newIds,
      createdAt: Date.now(),
      ...(served ? { served } : {}),
    });
    return this.find(id) as Deployment;
  }

  /**
   * Serves the new files of a deployed model, under its plan as far as that fits them. Answers that run end with an error.
   * @returns the new deployment; undefined where the model is not deployed, or its files are the same
   */
  replaceModel(model: Model): Deployment | undefined {
    const { id, layers } = model.package;
    const present = this.find(id);
    if (!present || isSameModel(present.model, model)) return undefined;
    const replicas = replicaCount(present.plan);
    const fits = checkPlan(present.plan, layers.length) === undefined;
    const plan: DeploymentPlan = fits ? present.plan : { mode: 'automatic', replicas };
    this.#executor.dispatch({ type: 'model-replaced', model, plan, newIds: newPipelineIds(replicas) });
    return this.find(id);
  }

  /**
   * Takes a model off the workers; answers that run end with an error.
   * @throws DeploymentError if it is not deployed
   */
  undeploy(model: string): void {
    const deployment = this.find(model);
    if (!deployment) throw new DeploymentError('not_deployed', `${model} is not deployed.`);
    this.#executor.dispatch({ type: 'undeployed', model: deployment.model.package.id });
  }

  /** A request came while each replica of the model had enough to do. */
  crowded(model: ModelId): void {
    this.#executor.dispatch({ type: 'crowded', model });
  }

  /**
   * Counts an answer that runs through a replica, until the returned function is called with the tokens that it had.
   * @param room prompt and longest answer, in tokens: who takes the place of a lost device is to have it
   */
  use(pipelineId: PipelineId, room?: number): (tokens?: number) => void {
    this.#executor.dispatch({ type: 'answer-began', pipelineId, room });
    let isOver = false;
    return (tokens = 0) => {
      if (isOver) return;
      isOver = true;
      this.#executor.dispatch({ type: 'answer-ended', pipelineId, tokens, room });
    };
  }

  /**
   * Workers of a replica do not answer though they are there: they sit out, and others take over.
   * @param epoch of the pipeline in which that was seen; nothing happens where it is over
   */
  suspect(pipelineId: PipelineId, workerIds: readonly WorkerId[], epoch: number): void {
    const one = this.#executor.state.pipelines.get(pipelineId);
    if (!one || pipelineOf(one)?.epoch !== epoch) return;
    for (const id of workerIds) if (usesWorker(one, id)) this.#components.registry.doubt(id);
    this.#executor.dispatch({ type: 'suspected', pipelineId, epoch, workerIds });
  }

  /** Resolves when a replica's move, which takes only a moment, is over, or will not be. At once where it does not move. */
  async moved(pipelineId: PipelineId): Promise<void> {
    const isMoving = (): boolean => this.#executor.state.pipelines.get(pipelineId)?.isMoving ?? false;
    if (isMoving()) await this.nextChange({ isEnough: () => !isMoving() });
  }

  /**
   * Resolves at the next change of any deployment after which enough has changed, or when the signal is aborted.
   * @param isEnough default: any change is
   */
  async nextChange({
    isEnough = () => true,
    signal,
  }: {
    isEnough?: () => boolean;
    signal?: AbortSignal;
  }): Promise<void> {
    if (signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const over = (): void => resolve();
    const look = (): void => {
      if (isEnough()) resolve();
    };
    const stop = this.listen({ ready: look, changed: look });
    signal?.addEventListener('abort', over);
    await promise;
    signal?.removeEventListener('abort', over);
    stop();
  }

  /** Gives every stage up, without waiting. @param why default: the hub is shutting down */
  stop(why?: string): void {
    this.#executor.stop(why);
  }

  /** @throws what the first of the listeners threw, once all are told */
  #tell(announcement: Announcement): void {
    logAnnouncement(this.#components.logger, announcement);
    forEachOf([...this.#listeners], (listener) => tellOne(listener, announcement));
  }
}

function tellOne(listener: DeploymentsListener, announcement: Announcement): void {
  switch (announcement.type) {
    case 'ready':
      listener.ready?.(announcement.replica, announcement.pipeline);
      break;
    case 'updated':
      listener.updated?.(announcement.replica, announcement.pipeline);
      break;
    case 'lost':
      listener.lost?.(announcement.replica, announcement.pipeline, announcement.reason);
      break;
    case 'judged':
      listener.judged?.(announcement.replica, announcement.outcome);
      break;
    case 'changed':
      listener.changed?.(announcement.model, announcement.workers);
  }
}

function newPipelineIds(count: number): PipelineId[] {
  return Array.from({ length: Math.max(0, count) }, () => PipelineId.parse(randomUUID()));
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
