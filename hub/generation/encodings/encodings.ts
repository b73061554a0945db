/**
 * Texts through encoders: each text goes to the replica that has least to do, and what a lost worker had is asked again
 * elsewhere. Vectors come back in the order of their texts.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeVector, EncodingId, type ModelId, type PipelineId, type WorkerId } from '@potluck/protocol';
import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import { FairQueue } from '../../fairness/fairQueue.ts';
import type { Model } from '../../models/model.ts';
import { missingOf, type Deployment, type Replica } from '../../pipelines/deployment.ts';
import type { Deployments } from '../../pipelines/deployments.ts';
import { routeOf, type Pipeline, type ReadyPipeline, type ReadyStage } from '../../pipelines/pipeline.ts';
import type { EncodingMessage, WorkerRegistry } from '../../workers/workerRegistry.ts';
import { cancelled, GenerationError, retryWhileLoadingSeconds } from '../generationError.ts';
import type { RequestAuthor, RequestRecord } from '../requestRecord.ts';
import type { Servings } from '../servings.ts';
import { hubStopped, noLongerServed, notServed } from '../whyNotAnswered.ts';
import { recordEncoding, type EncodingWork } from './recordEncoding.ts';

/** A text as an encoder takes it. */
export interface EncodingText {
  tokens: number[];
  /** Which of two texts each token is of; missing: all of the first. */
  tokenTypes?: (0 | 1)[];
}

export interface EncodingRequest {
  /** At least one. */
  texts: EncodingText[];
  /** When the request came, by `performance.now()`. */
  arrivedAt: number;
  /** Who shares the hub with others: each share gets its turn, however many texts the others have. */
  share: string;
  author: RequestAuthor;
  signal: AbortSignal;
}

export interface EncodingAnswer {
  id: string;
  /** What the encoder gave for each text, in their order. */
  vectors: Float32Array[];
  /** `worker[first-last],…` of all workers that took part. */
  route: string;
}

export interface EncodingsComponents {
  deployments: Pick<Deployments, 'find' | 'use' | 'suspect'>;
  servings: Pick<Servings, 'whenServed'>;
  registry: Pick<WorkerRegistry, 'send'>;
  record: (record: RequestRecord) => void;
  /** Told of each request that has ended. */
  ended?: (record: RequestRecord) => void;
  logger: Logger;
}

export interface EncodingsInit {
  /** Texts that may wait for one model. Default 16,384. */
  queueLimit?: number;
  /** Shortest time after which a worker that answers nothing is given up, in milliseconds. Default 30,000. */
  leastDeadlineMs?: number;
  /** How long texts wait for other devices when theirs were lost, in milliseconds. Default 60,000. */
  recoveryMs?: number;
}

const defaultQueueLimit = 16_384;
const defaultDeadlineMs = 30_000;
const defaultRecoveryMs = 60_000;
/** More for each token that a worker has to encode, in milliseconds: slow tabs take a millisecond or two. */
const deadlineMsPerToken = 20;
/** Texts that a replica has at once: one is computed while the next is on its way. */
const window = 4;
/** A text that so many workers failed, or were lost with, is at fault itself. */
const mostAttempts = 4;
const retrySoonSeconds = 5;

/** One text that waits or runs. */
interface Job {
  batch: Batch;
  index: number;
  text: EncodingText;
  /** Where it failed. */
  failedAt: Set<PipelineId>;
  attempts: number;
}

/** The texts of one request. */
interface Batch {
  id: string;
  model: Model;
  share: string;
  vectors: Float32Array[];
  left: number;
  isOver: boolean;
  repeats: number;
  work: Map<WorkerId, EncodingWork>;
  done: () => void;
  failed: (error: Error) => void;
}

/** A replica that serves. */
interface Server {
  model: ModelId;
  pipeline: ReadyPipeline;
  stage: ReadyStage;
  running: Map<EncodingId, Job>;
  /** Ends the hub's count of an answer that runs through it. */
  release: (() => void) | undefined;
  deadline: NodeJS.Timeout | undefined;
}

export class Encodings {
  readonly #components: EncodingsComponents;
  readonly #init: EncodingsInit;
  readonly #servers = new Map<PipelineId, Server>();
  readonly #waiting = new Map<ModelId, FairQueue<Job>>();
  readonly #batches = new Set<Batch>();
  /** Ends the wait for other devices, by model. */
  readonly #recoveries = new Map<ModelId, NodeJS.Timeout>();
  #isStopped = false;

  constructor(components: EncodingsComponents, init: EncodingsInit = {}) {
    this.#components = components;
    this.#init = init;
  }

  /** A pipeline serves from now on. */
  pipelineReady({ id, model }: Replica, pipeline: ReadyPipeline): void {
    const [stage] = pipeline.stages;
    if (!model.package.encoder || !stage) return;
    this.#drop(id);
    const { id: modelId } = model.package;
    this.#servers.set(id, {
      ...{ model: modelId, pipeline, stage, running: new Map() },
      ...{ release: undefined, deadline: undefined },
    });
    clearTimeout(this.#recoveries.get(modelId));
    this.#recoveries.delete(modelId);
    this.#dispatch(modelId);
  }

  /** A pipeline is over: its texts go to other replicas, or wait for its next epoch. */
  pipelineLost({ id, epoch }: Pipeline): void {
    if (this.#servers.get(id)?.pipeline.epoch === epoch) this.#drop(id);
  }

  /** Something about a model's deployment changed: it may be gone, or serve other files, or take texts again. */
  changed(model: ModelId): void {
    const deployment = this.#components.deployments.find(model);
    for (const batch of this.#batches) {
      if (batch.model.package.id === model && deployment?.model !== batch.model) {
        const cause = new GenerationError('worker_lost', 'The model is not served any more.');
        batch.failed(noLongerServed(batch.model, deployment, cause));
      }
    }
    this.#dispatch(model);
  }

  /** A worker said what became of a text. */
  received(workerId: WorkerId, message: EncodingMessage): void {
    for (const server of this.#servers.values()) {
      if (server.stage.workerId !== workerId) continue;
      const job = server.running.get(message.encodingId);
      if (!job) continue;
      server.running.delete(message.encodingId);
      this.#watch(server);
      if (message.type === 'encoded') this.#took(server, job, message);
      else this.#failedAt(server, job, message.message);
      this.#dispatch(server.model);
      return;
    }
  }

  /** Texts that run and that wait for a model. */
  loadOf(model: ModelId): { running: number; waiting: number } {
    const servers = [...this.#servers.values()].filter((server) => server.model === model);
    const running = servers.reduce((sum, { running: { size } }) => sum + size, 0);
    return { running, waiting: this.#waiting.get(model)?.size ?? 0 };
  }

  /** The hub stops: requests under way end with an error that says so. */
  stop(): void {
    this.#isStopped = true;
    for (const batch of [...this.#batches]) batch.failed(hubStopped());
    for (const id of [...this.#servers.keys()]) this.#drop(id);
    for (const timer of this.#recoveries.values()) clearTimeout(timer);
  }

  /**
   * Resolves when the model can be asked. Called before texts are made tokens, which takes time and may be for nothing.
   * @throws GenerationError if the model is not served
   */
  async ready(deployment: Deployment, share: string): Promise<void> {
    if (this.#isStopped) throw hubStopped();
    await this.#components.servings.whenServed(deployment, share);
  }

  /**
   * Runs texts through a deployed encoder.
   * @throws GenerationError if the model is not served, too much waits already, or the devices failed
   */
  async encode(deployment: Deployment, request: EncodingRequest): Promise<EncodingAnswer> {
    await this.ready(deployment, request.share);
    const { model } = deployment;
    const { texts, share, signal } = request;
    const queue = this.#queueOf(model.package.id);
    this.#mustHavePlace(queue, share, texts.length);
    const id = uuidv7();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const batch: Batch = {
      ...{ id, model, share, vectors: [], left: texts.length, isOver: false, repeats: 0 },
      work: new Map(),
      done: () => resolve(undefined),
      failed: (error) => {
        if (batch.isOver) return;
        batch.isOver = true;
        this.#forget(batch);
        reject(error);
      },
    };
    const onAbort = (): void => batch.failed(cancelled());
    this.#batches.add(batch);
    signal.addEventListener('abort', onAbort, { once: true });
    const createdAt = Date.now() - Math.round(performance.now() - request.arrivedAt);
    let error: unknown;
    try {
      if (signal.aborted) onAbort();
      else {
        for (const [index, text] of texts.entries()) {
          const job: Job = { batch, index, text, failedAt: new Set(), attempts: 0 };
          queue.add(job, share, text.tokens.length);
        }
        this.#dispatch(model.package.id);
      }
      await promise;
    } catch (cause) {
      error = cause;
      throw cause;
    } finally {
      batch.isOver = true;
      this.#batches.delete(batch);
      signal.removeEventListener('abort', onAbort);
      const record = recordEncoding(
        { id, createdAt, model: model.package.id, repeats: batch.repeats, work: [...batch.work.values()] },
        { ...request, error },
      );
      this.#components.record(record);
      this.#components.ended?.(record);
    }
    return { id, vectors: batch.vectors, route: routeOf([...batch.work.values()].map(({ stage }) => stage)) };
  }

  #queueOf(model: ModelId): FairQueue<Job> {
    const queue = this.#waiting.get(model) ?? new FairQueue<Job>();
    this.#waiting.set(model, queue);
    return queue;
  }

  /** As many places as are free stay free, so that each further share finds some. @throws GenerationError */
  #mustHavePlace(queue: FairQueue<Job>, share: string, texts: number): void {
    const { queueLimit = defaultQueueLimit } = this.#init;
    const own = queue.sizeOf(share);
    if (queue.size === 0 || own + texts <= queueLimit - queue.size) return;
    throw new GenerationError(
      'rate_limit_exceeded',
      `${queue.size} texts are waiting already, ${own} of them yours. Try again later.`,
      { retryAfterSeconds: retrySoonSeconds },
    );
  }

  /** Gives out texts as far as replicas have room. */
  #dispatch(model: ModelId): void {
    const queue = this.#waiting.get(model);
    if (!queue) return;
    const deployment = this.#components.deployments.find(model);
    const retiring = new Set(
      deployment?.replicas.filter((replica) => replica.retiring !== undefined).map(({ id }) => id),
    );
    const servers = [...this.#servers.values()].filter((server) => server.model === model);
    for (;;) {
      const [job] = queue.heads();
      if (!job) {
        this.#waiting.delete(model);
        return;
      }
      const free = servers.filter(
        ({ pipeline, running }) => !retiring.has(pipeline.id) && running.size < window,
      );
      const others = free.filter(({ pipeline }) => !job.failedAt.has(pipeline.id));
      const least = (of: Server[]): Server | undefined =>
        of.toSorted((one, other) => one.running.size - other.running.size)[0];
      // Where every replica has failed it, it is tried again wherever there is room.
      const hasFresh = servers.some(({ pipeline }) => !job.failedAt.has(pipeline.id));
      const server = least(others) ?? (hasFresh ? undefined : least(free));
      if (!server) break;
      queue.take(job);
      if (!job.batch.isOver) this.#send(server, job);
    }
    if (servers.length === 0) this.#awaitDevices(model);
  }

  #send(server: Server, job: Job): void {
    const encodingId = EncodingId.parse(randomUUID());
    const { workerId, assignmentId } = server.stage;
    const { tokens, tokenTypes } = job.text;
    server.running.set(encodingId, job);
    server.release ??= this.#components.deployments.use(server.pipeline.id);
    this.#watch(server);
    this.#components.registry.send(workerId, {
      ...{ type: 'encode', encodingId, assignmentId, tokens },
      ...(tokenTypes ? { tokenTypes } : {}),
    });
  }

  /** Starts the deadline anew: a worker may take as long as its texts are, and must answer in between. */
  #watch(server: Server): void {
    clearTimeout(server.deadline);
    server.deadline = undefined;
    if (server.running.size === 0) {
      server.release?.();
      server.release = undefined;
      return;
    }
    const { leastDeadlineMs = defaultDeadlineMs } = this.#init;
    const tokens = [...server.running.values()].reduce((sum, { text }) => sum + text.tokens.length, 0);
    const deadlineMs = leastDeadlineMs + deadlineMsPerToken * tokens;
    server.deadline = setTimeout(() => this.#silent(server, deadlineMs), deadlineMs);
    server.deadline.unref();
  }

  #silent(server: Server, deadlineMs: number): void {
    const { pipeline, stage, model } = server;
    const jobs = [...server.running.values()];
    server.running.clear();
    this.#watch(server);
    const seconds = Math.round(deadlineMs / 1000);
    this.#components.deployments.suspect(pipeline.id, [stage.workerId], pipeline.epoch);
    for (const job of jobs) this.#failedAt(server, job, `it did not answer within ${seconds} s`);
    this.#dispatch(model);
  }

  #took(server: Server, job: Job, message: Extract<EncodingMessage, { type: 'encoded' }>): void {
    const { batch, index, text } = job;
    const vector = decodeVector(message.vector);
    const size = batch.model.package.encoder?.size;
    if (vector.length !== size || !vector.every((value) => Number.isFinite(value))) {
      this.#failedAt(server, job, 'it answered with something that is no vector of this model');
      return;
    }
    if (batch.isOver) return;
    const { stage } = server;
    const work = batch.work.get(stage.workerId) ?? { stage, texts: 0, tokens: 0, queueMs: 0, computeMs: 0 };
    work.texts++;
    work.tokens += text.tokens.length;
    work.queueMs += message.queueMs;
    work.computeMs += message.computeMs;
    batch.work.set(stage.workerId, work);
    batch.vectors[index] = vector;
    if (--batch.left === 0) batch.done();
  }

  #failedAt({ pipeline, stage }: Server, job: Job, reason: string): void {
    job.failedAt.add(pipeline.id);
    this.#again(job, () => {
      const message = `${stage.workerName} could not encode text ${job.index + 1}: ${reason}`;
      return new GenerationError('stage_failed', message.slice(0, 2000), { workers: [stage.workerName] });
    });
  }

  #again(job: Job, errorOf: () => GenerationError): void {
    const { batch, text } = job;
    if (batch.isOver) return;
    job.attempts++;
    batch.repeats++;
    if (job.attempts >= mostAttempts) batch.failed(errorOf());
    else this.#queueOf(batch.model.package.id).add(job, batch.share, text.tokens.length);
  }

  /** Takes a replica out; what it had goes to others. */
  #drop(id: PipelineId): void {
    const server = this.#servers.get(id);
    if (!server) return;
    this.#servers.delete(id);
    const jobs = [...server.running.values()];
    server.running.clear();
    this.#watch(server);
    const { workerName } = server.stage;
    for (const job of jobs) {
      this.#again(job, () => {
        const message = `${workerName} and other devices disconnected while they encoded text ${job.index + 1}.`;
        return new GenerationError('worker_lost', message, {
          retryAfterSeconds: retryWhileLoadingSeconds,
          workers: [workerName],
        });
      });
    }
    // The deployment's own state is ahead of what is told here: its next pipeline is told after this.
    void pause(0).then(() => this.#dispatch(server.model));
  }

  /** Texts wait for a while until some device serves the model. */
  #awaitDevices(model: ModelId): void {
    if (this.#recoveries.has(model) || this.#isStopped) return;
    const { recoveryMs = defaultRecoveryMs } = this.#init;
    const timer = setTimeout(() => {
      this.#recoveries.delete(model);
      for (const batch of [...this.#batches]) {
        if (batch.model.package.id !== model) continue;
        const deployment = this.#components.deployments.find(model);
        const why = (deployment && missingOf(deployment)) ?? 'its devices disconnected';
        batch.failed(notServed(batch.model, why, deployment?.replicas ?? []));
      }
    }, recoveryMs);
    timer.unref();
    this.#recoveries.set(model, timer);
  }

  /** Takes a request's texts out of the queue. Those that run are not waited for. */
  #forget(batch: Batch): void {
    const queue = this.#waiting.get(batch.model.package.id);
    if (!queue) return;
    queue.removeWhere((job) => job.batch === batch);
    if (queue.size === 0) this.#waiting.delete(batch.model.package.id);
  }
}
