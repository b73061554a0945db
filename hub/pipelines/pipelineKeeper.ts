/** Keeps one pipeline served: places it on the workers that are here, and again whenever they change. */
import { randomUUID } from 'node:crypto';
import type { DeploymentPlan } from '@potluck/api';
import { PipelineId, type StageReport, type WorkerId } from '@potluck/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors/messageOf.ts';
import type { Model } from '../models/model.ts';
import type { SharedStage } from '../placement/shareCaches.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import { assignmentsOf } from './assignmentsOf.ts';
import { assignStages, cutStages } from './assignStages.ts';
import { deviceKind } from './deviceKind.ts';
import { FormerAssignments } from './formerAssignments.ts';
import { Move } from './move.ts';
import {
  applyStageReport,
  describeProgress,
  newPipeline,
  readyPipeline,
  routeOf,
  type Pipeline,
  type ReadyPipeline,
  type Stage,
} from './pipeline.ts';
import { Placer, type PlacerComponents } from './placer.ts';
import { Spread } from './spread.ts';

export interface KeeperInit {
  plan: DeploymentPlan;
  /** Longest time without progress that a worker may spend in one state before `ready`, in milliseconds. */
  stageDeadlineMs: number;
  /** See `movePatienceMs`. */
  movePatienceMs: number;
}

export interface KeeperComponents extends PlacerComponents {
  logger: Logger;
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
  readonly #placer: Placer;
  readonly #former: FormerAssignments;
  readonly #spread: Spread;
  readonly #move: Move;
  readonly id = PipelineId.parse(randomUUID());
  #plan: DeploymentPlan;
  #pipeline: Pipeline | undefined;
  #ready: ReadyPipeline | undefined;
  /** Stages of the last pipeline that lost a worker, until another one serves: they stay where they are, if that does. */
  #kept: readonly Stage[] = [];
  #epoch = 0;
  #missing = 'the hub is starting';
  #users = 0;
  #retiring: string | undefined;
  #watch: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(components: KeeperComponents, { plan, stageDeadlineMs, movePatienceMs }: KeeperInit) {
    this.#components = components;
    this.#plan = plan;
    this.#stageDeadlineMs = stageDeadlineMs;
    this.#move = new Move(movePatienceMs);
    this.#placer = new Placer({ ...components, pipelineId: this.id });
    this.#former = new FormerAssignments(components.registry);
    this.#spread = new Spread(
      { ...components, placer: this.#placer, former: this.#former },
      { stageDeadlineMs },
    );
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
    return this.#retiring ?? (this.#move.over && 'it moves to other workers');
  }

  /** Resolves when a move that takes only a moment is over; undefined where there is none. */
  get moving(): Promise<void> | undefined {
    return this.#move.over;
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

  /** True where the worker loads a stage ahead. */
  prepares(workerId: WorkerId): boolean {
    return this.#spread.uses(workerId);
  }

  /** What this pipeline, those before it, and what is loaded ahead hold at a worker, in bytes. */
  bytesAt(workerId: WorkerId): number {
    const stages = this.#pipeline?.stages.filter((stage) => stage.workerId === workerId) ?? [];
    const other = this.#former.bytesAt(workerId) + this.#spread.bytesAt(workerId);
    return stages.reduce((sum, stage) => sum + stage.reservedBytes, other);
  }

  /** Counts an answer that runs through the pipeline, until the returned function is called. */
  use(): () => void {
    this.#users++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#users--;
      if (this.#users > 0) return;
      if (this.#retiring !== undefined) this.giveUp(this.#retiring);
      else this.#moveWhenPrepared();
    };
  }

  /** Takes another plan, once running answers have ended. */
  replan(plan: DeploymentPlan): void {
    this.#plan = plan;
    this.#placer.exclusions.forgetUnable();
    this.#kept = [];
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

  /**
   * Workers of the pipeline do not answer though they are there: they sit out, and others take over.
   * @param epoch of the pipeline in which that was seen; nothing happens where it is over
   */
  suspect(workerIds: readonly WorkerId[], epoch: number): void {
    if (this.#pipeline?.epoch !== epoch) return;
    const silent = this.#pipeline.stages.filter(({ workerId }) => workerIds.includes(workerId));
    const names = [...new Set(silent.map(({ workerName }) => workerName))];
    if (names.length === 0) return;
    const { registry: workers } = this.#components;
    for (const workerId of new Set(silent.map((stage) => stage.workerId))) {
      this.#placer.exclusions.add(workerId, 'it does not answer', performance.now());
      workers.doubt(workerId);
    }
    this.#rebuild(`no answer from ${names.join(', ')}`);
  }

  /** Frees what a worker holds beside the pipeline. */
  releaseAt(workerId: WorkerId): void {
    if (this.prepares(workerId)) this.#prepareSpread();
    this.#former.releaseAt(workerId);
  }

  /** Looks for something to do. Called after every change that this class can't see by itself. */
  reconsider(): void {
    if (this.#stopped || (this.#pipeline && !this.#ready)) return;
    clearTimeout(this.#retry);
    const nextEnd = this.#placer.exclusions.nextEndIn(performance.now());
    if (nextEnd !== undefined) this.#retry = setTimeout(() => this.reconsider(), nextEnd + 1);
    if (this.#ready) {
      if (!this.#spread.isBegun) this.#prepareSpread();
      return;
    }
    const place = this.#placer.place(this.#plan, this.#kept);
    if (place.ok) void this.#assemble(place.stages);
    else {
      if (place.isFinal) clearTimeout(this.#retry);
      this.#miss(place.missing);
    }
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
    this.#placer.exclusions.forget(worker.id);
    if (this.#ready) {
      this.#prepareSpread();
      // It may have come back with what nobody waits for any more.
      if (!this.uses(worker.id) && !this.prepares(worker.id)) this.#former.releaseAt(worker.id);
    } else if (this.#move.over) return;
    else if (this.#pipeline && this.#spread.place(this.#pipeline, this.#plan)) {
      this.#kept = [];
      this.giveUp(`worker ${worker.name} takes some of its stages`);
    } else this.reconsider();
  }

  /** The worker holds nothing of what its id held before. */
  workerRestarted(workerId: WorkerId): void {
    this.#former.forgetWorker(workerId);
  }

  workerLeft(worker: WorkerRecord, reason: string): void {
    this.#former.workerLeft(worker.id);
    if (this.uses(worker.id)) return this.#rebuild(`worker ${worker.name} is gone: ${reason}`);
    if (this.prepares(worker.id)) this.#prepareSpread();
    this.reconsider();
  }

  /** @returns false if the report is about a stage that is unknown here */
  reported(worker: WorkerRecord, report: StageReport): boolean {
    const stage = this.#pipeline?.stages.find(({ assignmentId }) => assignmentId === report.assignmentId);
    if (!this.#pipeline || stage?.workerId !== worker.id) {
      const loaded = this.#spread.reported(worker, report);
      if (loaded === 'failed') this.#prepareSpread();
      if (loaded === 'loaded') this.#moveWhenPrepared();
      return loaded !== undefined || this.#former.reported(report);
    }
    const { logger, listener } = this.#components;
    const layers = `${stage.firstLayer}-${stage.lastLayer}`;
    this.#pipeline = applyStageReport(this.#pipeline, report);
    if (report.state === 'failed' || report.state === 'released') {
      const reason = report.reason ?? `it gave its stage up`;
      logger.warn({ worker: worker.name, layers, reason }, 'a stage failed');
      // Whatever else fails, such as a download, says nothing about the device.
      const isDevices = stage.state === 'compiling' || stage.state === 'warming';
      const kind = isDevices ? deviceKind(worker) : undefined;
      this.#placer.exclusions.add(worker.id, reason, performance.now(), kind);
      this.#rebuild(`worker ${worker.name} failed: ${reason}`);
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

  /** Gives the pipeline up after a loss and places it anew: who is still here keeps its stage, if that does. */
  #rebuild(reason: string): void {
    if (this.#pipeline) this.#kept = this.#pipeline.stages;
    this.giveUp(reason);
  }

  /** Lets workers that came load what they would take over, while the pipeline serves on. */
  #prepareSpread(): void {
    if (!this.#pipeline) return;
    this.#move.end();
    this.#spread.prepare(this.#pipeline, this.#plan, (stages) => this.#newPipeline(this.#epoch, stages));
  }

  /** Moves to what was loaded ahead, when no answer runs. */
  #moveWhenPrepared(): void {
    const { prepared } = this.#spread;
    if (!prepared) return;
    if (this.#users > 0) {
      this.#move.beginLater(() => this.#components.listener.changed());
      return;
    }
    const reason = 'some of its stages move to other workers';
    if (!prepared.isMomentary) return this.giveUp(reason);
    this.#move.begin();
    this.#dissolve(reason, 'moves');
    void this.#assemble(prepared.stages);
  }

  #newPipeline(epoch: number, placed: readonly SharedStage[]): Pipeline {
    return newPipeline({ id: this.id, epoch }, placed, this.#components.nameOf);
  }

  #miss(missing: string): void {
    this.#move.end();
    if (missing === this.#missing) return;
    this.#missing = missing;
    const { logger, workersStarting } = this.#components;
    if (workersStarting() > 0) logger.info({ missing }, 'not all local workers have started');
    else logger.warn({ missing }, 'the model is not served');
    this.#components.listener.changed();
  }

  async #assemble(placed: SharedStage[]): Promise<void> {
    const { registry, model, logger, listener } = this.#components;
    const pipeline = this.#newPipeline(++this.#epoch, placed);
    this.#pipeline = pipeline;
    logger.info({ route: routeOf(pipeline.stages), epoch: pipeline.epoch }, 'assigning stages');
    listener.changed();
    try {
      const cut = await cutStages(model, pipeline);
      if (this.#pipeline !== pipeline) return;
      this.#pipeline = cut;
      await assignStages({ registry, former: this.#former }, cut, {
        assignments: assignmentsOf(cut, this.#stageDeadlineMs),
        isWanted: () => this.#pipeline === cut,
      });
      // While the workers load, so that the first request does not wait for it.
      model.tokenizer.warmUp();
      if (this.#pipeline === cut) this.#watchProgress();
    } catch (error) {
      if (this.#pipeline !== pipeline) return;
      this.#pipeline = undefined;
      this.#move.end();
      this.#missing = messageOf(error);
      logger.error({ reason: this.#missing }, 'the model could not be cut into stages');
      // A disk that was full may have room again.
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.reconsider(), cutAgainAfterMs);
      listener.changed();
    }
  }

  #serve(pipeline: ReadyPipeline): void {
    if (this.#ready) return;
    clearTimeout(this.#watch);
    this.#ready = pipeline;
    this.#kept = [];
    for (const stage of pipeline.stages) this.#placer.exclusions.forget(stage.workerId);
    this.#components.logger.info(
      { route: routeOf(pipeline.stages), epoch: pipeline.epoch },
      'the model is served',
    );
    this.#components.listener.ready(pipeline);
    this.#move.end();
    // Who came meanwhile may take over stages, too.
    this.#prepareSpread();
  }

  #becomeUnready(reason: string): void {
    const pipeline = this.#ready;
    this.#ready = undefined;
    this.#watchProgress();
    if (pipeline) this.#components.listener.lost(pipeline, reason);
  }

  /** @param how whether requests are to wait for what comes next, since it takes only a moment */
  #dissolve(reason: string, how: 'ends' | 'moves' = 'ends'): void {
    const pipeline = this.#pipeline;
    const served = this.#ready !== undefined;
    clearTimeout(this.#watch);
    this.#pipeline = undefined;
    this.#ready = undefined;
    this.#retiring = undefined;
    this.#missing = reason;
    if (how === 'ends') this.#move.end();
    if (!pipeline) return;
    this.#former.add(pipeline.stages);
    this.#spread.end();
    if (served) {
      const { logger } = this.#components;
      if (how === 'ends') logger.warn({ epoch: pipeline.epoch, reason }, 'the pipeline is lost');
      else logger.info({ epoch: pipeline.epoch, reason }, 'the pipeline moves');
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
          this.#placer.exclusions.add(stage.workerId, `${reason} while ${stage.state}`, performance.now());
      }
      this.#rebuild(reason);
    }, waitMs);
  }
}
