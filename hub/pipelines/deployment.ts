/** Keeps a model served: places it on the workers that are here, and again whenever they change. */
import { randomUUID } from 'node:crypto';
import { AssignmentId, PipelineId, type StageReport, type WorkerId } from '@potluck/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import type { Model } from '../models/model.ts';
import { placeStages, type PlacedStage } from '../placement/placeStages.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import { Exclusions } from './exclusions.ts';
import { FormerAssignments } from './formerAssignments.ts';
import {
  applyStageReport,
  describeProgress,
  readyPipeline,
  routeOf,
  type Pipeline,
  type ReadyPipeline,
  type Stage,
} from './pipeline.ts';

export interface DeploymentInit {
  /** Forced number of stages; undefined takes as few workers as fit. */
  stages?: number;
  /** Longest time without progress that a worker may spend in one state before `ready`, in milliseconds. */
  stageDeadlineMs: number;
}

export interface DeploymentComponents {
  model: Model;
  registry: WorkerRegistry;
  logger: Logger;
  /** How many workers, beside those that are here, are just being started. */
  workersStarting: () => number;
}

/** Told when the deployment begins and stops to serve. */
export interface DeploymentListener {
  ready?(pipeline: ReadyPipeline): void;
  /** The pipeline is over; whatever ran through it has ended. */
  lost?(pipeline: Pipeline, reason: string): void;
}

/** A pipeline whose stages were cut out and can be assigned. */
interface CutPipeline extends Pipeline {
  stages: readonly (Stage & Required<Pick<Stage, 'description'>>)[];
}

/** The worker says `failed` at its deadline by itself; the hub waits this much longer for a worker that can't. */
const deadlineGraceMs = 10_000;

export class Deployment {
  readonly #components: DeploymentComponents;
  readonly #init: DeploymentInit;
  readonly #listeners = new Set<DeploymentListener>();
  readonly #exclusions = new Exclusions();
  readonly #former: FormerAssignments;
  readonly #pipelineId = PipelineId.parse(randomUUID());
  readonly #stopListening: () => void;
  #pipeline: Pipeline | undefined;
  #ready: ReadyPipeline | undefined;
  #epoch = 0;
  #missing = 'the hub is starting';
  #watch: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(components: DeploymentComponents, init: DeploymentInit) {
    this.#components = components;
    this.#init = init;
    this.#former = new FormerAssignments(components.registry);
    this.#stopListening = components.registry.listen({
      joined: (worker) => this.#joined(worker),
      left: (worker, reason) => this.#left(worker, reason),
      message: (worker, message) => {
        if (message.type === 'stage-report') this.#reported(worker, message);
      },
    });
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

  /** What keeps the model from being served, with numbers; undefined while it is served. */
  get missing(): string | undefined {
    if (this.#ready) return undefined;
    return this.#pipeline ? describeProgress(this.#pipeline) || 'stages are being cut' : this.#missing;
  }

  /** True where both workers have a stage of the same pipeline. */
  areNeighbours(one: WorkerId, other: WorkerId): boolean {
    const has = (id: WorkerId): boolean =>
      this.#pipeline?.stages.some((stage) => stage.workerId === id) ?? false;
    return has(one) && has(other);
  }

  listen(listener: DeploymentListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks for something to do. Called after every change that this class can't see by itself. */
  reconsider(): void {
    if (this.#stopped || this.#pipeline) return;
    clearTimeout(this.#retry);
    const { registry, model, logger, workersStarting } = this.#components;
    const now = performance.now();
    const nextEnd = this.#exclusions.nextEndIn(now);
    if (nextEnd !== undefined) this.#retry = setTimeout(() => this.reconsider(), nextEnd + 1);
    const workers = [...registry.table.values()];
    const candidates = workers.filter((worker) => this.#exclusions.reasonFor(worker.id, now) === undefined);
    const { stages } = this.#init;
    if (stages !== undefined && candidates.length < stages && workersStarting() > 0) {
      this.#missing = `waiting for local workers: ${candidates.length} of ${stages} are here`;
      return;
    }
    const placement = placeStages(model.package, candidates, stages === undefined ? {} : { stages });
    if (placement.ok) {
      void this.#assemble(placement.stages);
      return;
    }
    const excluded = workers
      .map((worker) => ({ worker, reason: this.#exclusions.reasonFor(worker.id, now) }))
      .flatMap(({ worker, reason }) => (reason === undefined ? [] : [`${worker.name} failed (${reason})`]));
    const missing = [`${model.package.id}: ${placement.message}`, ...excluded].join('; ');
    if (missing !== this.#missing) {
      if (workersStarting() > 0) logger.info({ missing }, 'waiting for local workers');
      else logger.warn({ missing }, 'the model is not served');
    }
    this.#missing = missing;
  }

  /** Gives every stage up. */
  stop(): void {
    this.#stopped = true;
    this.#stopListening();
    clearTimeout(this.#retry);
    if (this.#pipeline) this.#dissolve('the hub is shutting down');
    clearTimeout(this.#watch);
    this.#former.releaseAll();
  }

  async #assemble(placed: PlacedStage[]): Promise<void> {
    const { registry, model, logger } = this.#components;
    const pipeline = {
      id: this.#pipelineId,
      epoch: ++this.#epoch,
      stages: placed.map(({ workerId, firstLayer, lastLayer }) => ({
        assignmentId: AssignmentId.parse(randomUUID()),
        workerId,
        workerName: registry.table.get(workerId)?.name ?? workerId,
        firstLayer,
        lastLayer,
        state: 'assigned' as const,
      })),
    };
    this.#pipeline = pipeline;
    logger.info({ route: routeOf(pipeline.stages), epoch: pipeline.epoch }, 'assigning stages');
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
    }
  }

  async #assign(pipeline: CutPipeline): Promise<void> {
    this.#pipeline = pipeline;
    const { registry } = this.#components;
    const kept = await this.#former.releaseUnlike(pipeline.stages);
    if (this.#pipeline !== pipeline) return;
    const stages = pipeline.stages.map(({ assignmentId, workerId }) => ({ assignmentId, workerId }));
    for (const [stageIndex, stage] of pipeline.stages.entries()) {
      registry.send(stage.workerId, {
        type: 'assign',
        assignmentId: stage.assignmentId,
        pipelineId: pipeline.id,
        epoch: pipeline.epoch,
        stageIndex,
        stages,
        stage: stage.description,
        deadlineMs: this.#init.stageDeadlineMs,
      });
    }
    this.#former.release(kept);
    this.#watchProgress();
  }

  #joined(worker: WorkerRecord): void {
    this.#exclusions.forget(worker.id);
    this.reconsider();
  }

  #left(worker: WorkerRecord, reason: string): void {
    this.#former.workerLeft(worker.id);
    if (this.#pipeline?.stages.some((stage) => stage.workerId === worker.id)) {
      this.#dissolve(`worker ${worker.name} is gone: ${reason}`);
    }
    this.reconsider();
  }

  #reported(worker: WorkerRecord, report: StageReport): void {
    const stage = this.#pipeline?.stages.find(({ assignmentId }) => assignmentId === report.assignmentId);
    if (!this.#pipeline || stage?.workerId !== worker.id) {
      this.#former.reported(worker.id, report);
      return;
    }
    const { logger } = this.#components;
    const layers = `${stage.firstLayer}-${stage.lastLayer}`;
    this.#pipeline = applyStageReport(this.#pipeline, report);
    if (report.state === 'failed' || report.state === 'released') {
      const reason = report.reason ?? `it gave its stage up`;
      logger.warn({ worker: worker.name, layers, reason }, 'a stage failed');
      this.#exclusions.add(worker.id, reason, performance.now());
      this.#dissolve(`worker ${worker.name} failed: ${reason}`);
      this.reconsider();
      return;
    }
    logger.debug({ worker: worker.name, layers, ...report }, 'stage report');
    const ready = readyPipeline(this.#pipeline);
    if (ready) this.#serve(ready);
    else if (this.#ready) this.#becomeUnready(`worker ${worker.name} is ${report.state} again`);
    else this.#watchProgress();
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
    for (const listener of [...this.#listeners]) listener.ready?.(pipeline);
  }

  #becomeUnready(reason: string): void {
    const pipeline = this.#ready;
    this.#ready = undefined;
    this.#watchProgress();
    if (pipeline) for (const listener of [...this.#listeners]) listener.lost?.(pipeline, reason);
  }

  #dissolve(reason: string): void {
    const pipeline = this.#pipeline;
    const served = this.#ready !== undefined;
    clearTimeout(this.#watch);
    this.#pipeline = undefined;
    this.#ready = undefined;
    this.#missing = reason;
    if (!pipeline) return;
    this.#former.add(pipeline.stages);
    if (!served) return;
    this.#components.logger.warn({ epoch: pipeline.epoch, reason }, 'the pipeline is lost');
    for (const listener of [...this.#listeners]) listener.lost?.(pipeline, reason);
  }

  /** A worker that stops to report, without closing its socket, must not hold the model up for ever. */
  #watchProgress(): void {
    clearTimeout(this.#watch);
    const waitMs = this.#init.stageDeadlineMs + deadlineGraceMs;
    this.#watch = setTimeout(() => {
      const reason = `no progress for ${waitMs} ms`;
      for (const stage of this.#pipeline?.stages ?? []) {
        if (stage.state !== 'ready')
          this.#exclusions.add(stage.workerId, `${reason} while ${stage.state}`, performance.now());
      }
      this.#dissolve(reason);
      this.reconsider();
    }, waitMs);
  }
}
