/** Keeps one pipeline served: places it on the workers that are here, and again whenever they change. */
import { randomUUID } from 'node:crypto';
import type { DeploymentPlan } from '@potluck/api';
import { PipelineId, type StageReport, type WorkerId } from '@potluck/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import type { Model } from '../models/model.ts';
import { placeByPlan } from '../placement/placeByPlan.ts';
import { shareCaches, type SharedStage } from '../placement/shareCaches.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import { assignmentsOf, type CutPipeline } from './assignmentsOf.ts';
import { Exclusions } from './exclusions.ts';
import { findCandidates, type CandidateSource } from './findCandidates.ts';
import { FormerAssignments } from './formerAssignments.ts';
import {
  applyStageReport,
  describeProgress,
  newPipeline,
  readyPipeline,
  routeOf,
  type Pipeline,
  type ReadyPipeline,
} from './pipeline.ts';

export interface KeeperInit {
  plan: DeploymentPlan;
  /** Longest time without progress that a worker may spend in one state before `ready`, in milliseconds. */
  stageDeadlineMs: number;
}

export interface KeeperComponents extends CandidateSource {
  model: Model;
  logger: Logger;
  /** How many workers, beside those that are here, are just being started. */
  workersStarting: () => number;
  listener: KeeperListener;
}

/** Told when the pipeline begins and stops to serve. */
export interface KeeperListener {
  ready(pipeline: ReadyPipeline): void;
  /** The pipeline is over; whatever ran through it has ended. */
  lost(pipeline: Pipeline, reason: string): void;
  /** Anything that people can see of it is different now. */
  changed(): void;
}

/** The worker says `failed` at its deadline by itself; the hub waits this much longer for a worker that can't. */
const deadlineGraceMs = 10_000;
const cutAgainAfterMs = 10_000;

export class PipelineKeeper {
  readonly #components: KeeperComponents;
  readonly #stageDeadlineMs: number;
  readonly #exclusions = new Exclusions();
  readonly #former: FormerAssignments;
  readonly #pipelineId = PipelineId.parse(randomUUID());
  #plan: DeploymentPlan;
  #pipeline: Pipeline | undefined;
  #ready: ReadyPipeline | undefined;
  #epoch = 0;
  #missing = 'the hub is starting';
  #users = 0;
  #retiring: string | undefined;
  #watch: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(components: KeeperComponents, { plan, stageDeadlineMs }: KeeperInit) {
    this.#components = components;
    this.#plan = plan;
    this.#stageDeadlineMs = stageDeadlineMs;
    this.#former = new FormerAssignments(components.registry);
  }

  get model(): Model {
    return this.#components.model;
  }

  /** The pipeline that serves, if any. */
  get ready(): ReadyPipeline | undefined {
    return this.#ready;
  }

  /** The pipeline that serves or is being put together. */
  get pipeline(): Pipeline | undefined {
    return this.#pipeline;
  }

  /** Why the pipeline takes no more answers though it serves: it is about to move. */
  get retiring(): string | undefined {
    return this.#retiring;
  }

  /** What keeps the model from being served, with numbers; undefined while it is served. */
  get missing(): string | undefined {
    if (this.#ready) return undefined;
    return this.#pipeline ? describeProgress(this.#pipeline) || 'stages are being cut' : this.#missing;
  }

  /** True where the worker has a stage of the pipeline. */
  uses(workerId: WorkerId): boolean {
    return this.#pipeline?.stages.some((stage) => stage.workerId === workerId) ?? false;
  }

  /** What this pipeline, and those before it, hold at a worker, in bytes. */
  bytesAt(workerId: WorkerId): number {
    const stages = this.#pipeline?.stages.filter((stage) => stage.workerId === workerId) ?? [];
    return stages.reduce((sum, stage) => sum + stage.reservedBytes, this.#former.bytesAt(workerId));
  }

  /** Counts an answer that runs through the pipeline, until the returned function is called. */
  use(): () => void {
    this.#users++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#users--;
      if (this.#users === 0 && this.#retiring !== undefined) this.giveUp(this.#retiring);
    };
  }

  /** Takes another plan, once running answers have ended. */
  replan(plan: DeploymentPlan): void {
    this.#plan = plan;
    this.retire('its plan was changed');
  }

  /** Lets running answers end, takes no new ones, then is placed anew. */
  retire(reason: string): void {
    if (!this.#pipeline || this.#users === 0 || !this.#ready) {
      this.giveUp(reason);
      return;
    }
    this.#retiring = reason;
    this.#components.listener.changed();
  }

  /** Gives the pipeline up at once and places it anew. */
  giveUp(reason: string): void {
    if (this.#pipeline) this.#dissolve(reason);
    this.reconsider();
  }

  /** A stage takes no session or gives no token, though its worker is there: it sits out, and others take over. */
  suspect(workerIds: readonly WorkerId[], reason: string): void {
    const held = workerIds.filter((id) => this.uses(id));
    if (held.length === 0) return;
    for (const id of held) this.#exclusions.add(id, reason, performance.now());
    this.giveUp(reason);
  }

  /** Frees what former pipelines still hold at a worker. */
  releaseAt(workerId: WorkerId): void {
    this.#former.releaseAt(workerId);
  }

  /** Looks for something to do. Called after every change that this class can't see by itself. */
  reconsider(): void {
    if (this.#stopped || this.#pipeline) return;
    clearTimeout(this.#retry);
    const { model, workersStarting } = this.#components;
    const nextEnd = this.#exclusions.nextEndIn(performance.now());
    if (nextEnd !== undefined) this.#retry = setTimeout(() => this.reconsider(), nextEnd + 1);
    const { candidates, unusable } = findCandidates(this.#components, this.#exclusions);
    const plan = this.#plan;
    if (plan.mode === 'shards' && candidates.length < plan.count && workersStarting() > 0) {
      this.#miss(`waiting for local workers: ${candidates.length} of ${plan.count} are here`);
      return;
    }
    const placement = placeByPlan(model.package, candidates, plan);
    if (placement.ok) {
      const free = new Map(candidates.map(({ id, memoryBytes }) => [id, memoryBytes]));
      void this.#assemble(shareCaches(model.package, placement.stages, (id) => free.get(id) ?? 0));
      return;
    }
    this.#miss([`${model.package.id}: ${placement.message}`, ...unusable].join('; '));
  }

  /** Gives every stage up. Resolves when the workers have freed them, or took too long. */
  async stop(reason: string): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    if (this.#pipeline) this.#dissolve(reason);
    clearTimeout(this.#watch);
    await this.#former.releaseAll();
  }

  workerJoined(worker: WorkerRecord): void {
    this.#exclusions.forget(worker.id);
    if (this.#couldSpread()) this.retire(`worker ${worker.name} takes some of its stages`);
    else this.reconsider();
  }

  /** The worker holds nothing of what its id held before. */
  workerRestarted(workerId: WorkerId): void {
    this.#former.forgetWorker(workerId);
  }

  workerLeft(worker: WorkerRecord, reason: string): void {
    this.#former.workerLeft(worker.id);
    if (this.uses(worker.id)) this.#dissolve(`worker ${worker.name} is gone: ${reason}`);
    this.reconsider();
  }

  /** @returns false if the report is about a stage that is unknown here */
  reported(worker: WorkerRecord, report: StageReport): boolean {
    const stage = this.#pipeline?.stages.find(({ assignmentId }) => assignmentId === report.assignmentId);
    if (!this.#pipeline || stage?.workerId !== worker.id) return this.#former.reported(report);
    const { logger, listener } = this.#components;
    const layers = `${stage.firstLayer}-${stage.lastLayer}`;
    this.#pipeline = applyStageReport(this.#pipeline, report);
    if (report.state === 'failed' || report.state === 'released') {
      const reason = report.reason ?? `it gave its stage up`;
      logger.warn({ worker: worker.name, layers, reason }, 'a stage failed');
      this.#exclusions.add(worker.id, reason, performance.now());
      this.giveUp(`worker ${worker.name} failed: ${reason}`);
      return true;
    }
    logger.debug({ worker: worker.name, layers, ...report }, 'stage report');
    const ready = readyPipeline(this.#pipeline);
    if (ready) this.#serve(ready);
    else if (this.#ready) this.#becomeUnready(`worker ${worker.name} is ${report.state} again`);
    else this.#watchProgress();
    listener.changed();
    return true;
  }

  /** True where forced stages share a worker that would have one less if they were placed anew. */
  #couldSpread(): boolean {
    if (!this.#pipeline || this.#plan.mode !== 'shards') return false;
    const { candidates } = findCandidates(this.#components, this.#exclusions);
    const placement = placeByPlan(this.#components.model.package, candidates, this.#plan);
    return placement.ok && workersOf(placement.stages) > workersOf(this.#pipeline.stages);
  }

  #miss(missing: string): void {
    if (missing === this.#missing) return;
    this.#missing = missing;
    const { logger, workersStarting } = this.#components;
    if (workersStarting() > 0) logger.info({ missing }, 'waiting for local workers');
    else logger.warn({ missing }, 'the model is not served');
    this.#components.listener.changed();
  }

  async #assemble(placed: SharedStage[]): Promise<void> {
    const { registry, model, logger, listener } = this.#components;
    const pipeline = newPipeline(
      { id: this.#pipelineId, epoch: ++this.#epoch },
      placed,
      (id) => registry.table.get(id)?.name ?? id,
    );
    this.#pipeline = pipeline;
    logger.info({ route: routeOf(pipeline.stages), epoch: pipeline.epoch }, 'assigning stages');
    listener.changed();
    try {
      const stages = await Promise.all(
        pipeline.stages.map(async (stage) => ({
          ...stage,
          description: await model.cutStage(stage.firstLayer, stage.lastLayer),
        })),
      );
      if (this.#pipeline === pipeline) await this.#assign({ ...pipeline, stages });
    } catch (error) {
      if (this.#pipeline !== pipeline) return;
      this.#pipeline = undefined;
      this.#missing = messageOf(error);
      logger.error({ reason: this.#missing }, 'the model could not be cut into stages');
      // A disk that was full may have room again.
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.reconsider(), cutAgainAfterMs);
      listener.changed();
    }
  }

  async #assign(pipeline: CutPipeline): Promise<void> {
    this.#pipeline = pipeline;
    const { registry } = this.#components;
    const kept = await this.#former.releaseUnlike(pipeline.stages);
    if (this.#pipeline !== pipeline) return;
    for (const [workerId, message] of assignmentsOf(pipeline, this.#stageDeadlineMs)) {
      registry.send(workerId, message);
    }
    this.#former.release(kept);
    this.#watchProgress();
  }

  #serve(pipeline: ReadyPipeline): void {
    if (this.#ready) return;
    clearTimeout(this.#watch);
    this.#ready = pipeline;
    for (const stage of pipeline.stages) this.#exclusions.forget(stage.workerId);
    this.#components.logger.info(
      { route: routeOf(pipeline.stages), epoch: pipeline.epoch },
      'the model is served',
    );
    this.#components.listener.ready(pipeline);
  }

  #becomeUnready(reason: string): void {
    const pipeline = this.#ready;
    this.#ready = undefined;
    this.#watchProgress();
    if (pipeline) this.#components.listener.lost(pipeline, reason);
  }

  #dissolve(reason: string): void {
    const pipeline = this.#pipeline;
    const served = this.#ready !== undefined;
    clearTimeout(this.#watch);
    this.#pipeline = undefined;
    this.#ready = undefined;
    this.#retiring = undefined;
    this.#missing = reason;
    if (!pipeline) return;
    this.#former.add(pipeline.stages);
    if (served) {
      this.#components.logger.warn({ epoch: pipeline.epoch, reason }, 'the pipeline is lost');
      this.#components.listener.lost(pipeline, reason);
    }
    this.#components.listener.changed();
  }

  /** A worker that stops to report, without closing its socket, must not hold the model up for ever. */
  #watchProgress(): void {
    clearTimeout(this.#watch);
    const waitMs = this.#stageDeadlineMs + deadlineGraceMs;
    this.#watch = setTimeout(() => {
      const reason = `no progress for ${waitMs} ms`;
      for (const stage of this.#pipeline?.stages ?? []) {
        if (stage.state !== 'ready')
          this.#exclusions.add(stage.workerId, `${reason} while ${stage.state}`, performance.now());
      }
      this.giveUp(reason);
    }, waitMs);
  }
}

const workersOf = (stages: readonly { workerId: WorkerId }[]): number =>
  new Set(stages.map(({ workerId }) => workerId)).size;
