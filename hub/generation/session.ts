/** One generation's conversation with the stages of a pipeline: open, prompt, tokens, close. */
import type {
  AssignmentId,
  FromHubMessage,
  SamplingDescription,
  SessionErrorCode,
  SessionId,
  StageTimings,
  TokenMessage,
  WorkerId,
} from '@potluck/protocol';
import type { ReadyPipeline } from '../pipelines/pipeline.ts';
import type { WorkerMessage } from '../workers/workerRegistry.ts';
import { AsyncQueue } from './asyncQueue.ts';
import { GenerationError } from './generationError.ts';

/** Tokens in one step of a prompt. The same for every number of stages, so that all of them compute alike. */
export const promptChunkTokens = 256;
/** Reserving a cache allocates memory; much longer means that the worker hangs. */
const openTimeoutMs = 30_000;
/** Longest silence between two tokens: a long prompt on a slow device takes minutes. */
const tokenTimeoutMs = 300_000;
const closeTimeoutMs = 5000;

export interface SessionInit {
  id: SessionId;
  prompt: number[];
  /** Longest answer, in tokens. */
  maxTokens: number;
  stopTokenIds: number[];
  sampling: SamplingDescription;
}

export class Session {
  readonly #pipeline: ReadyPipeline;
  readonly #send: (workerId: WorkerId, message: FromHubMessage) => boolean;
  readonly #init: SessionInit;
  readonly #opened = new Set<AssignmentId>();
  readonly #allOpened = Promise.withResolvers<void>();
  readonly #tokens = new AsyncQueue<TokenMessage>();
  readonly #timings = new Map<AssignmentId, StageTimings>();
  readonly #allClosed = Promise.withResolvers<void>();
  #nextPosition: number;
  #closing = false;
  #silent: WorkerId[] = [];

  constructor(
    pipeline: ReadyPipeline,
    send: (workerId: WorkerId, message: FromHubMessage) => boolean,
    init: SessionInit,
  ) {
    this.#pipeline = pipeline;
    this.#send = send;
    this.#init = init;
    this.#nextPosition = init.prompt.length;
    // Whoever waits for these gets the error; nobody may be waiting.
    this.#allOpened.promise.catch(() => undefined);
  }

  /** Workers that let the time pass in which they should have opened the session. */
  get silentWorkers(): WorkerId[] {
    return this.#silent;
  }

  /** What each stage said when it closed; stages that are gone are missing. */
  get timings(): ReadonlyMap<AssignmentId, StageTimings> {
    return this.#timings;
  }

  /**
   * Reserves caches at all stages, then sends the prompt to the first.
   * @throws GenerationError if a stage refuses, is gone, or does not answer
   */
  async start(): Promise<void> {
    const { id, prompt, maxTokens, stopTokenIds, sampling } = this.#init;
    const { stages, epoch } = this.#pipeline;
    for (const [index, stage] of stages.entries()) {
      const isLast = index === stages.length - 1;
      const here = this.#send(stage.workerId, {
        type: 'open-session',
        sessionId: id,
        assignmentId: stage.assignmentId,
        epoch,
        capacity: prompt.length + maxTokens,
        promptLength: prompt.length,
        lengthLimit: prompt.length + maxTokens,
        stopTokenIds,
        ...(isLast ? { sampling, tokens: prompt } : {}),
      });
      if (!here) this.fail(new GenerationError('worker_lost', `worker ${stage.workerName} is gone`));
    }
    await this.#within(this.#allOpened.promise, openTimeoutMs, 'to reserve their caches');
    const [first] = stages;
    if (!first) throw new Error('a pipeline has at least one stage');
    this.#send(first.workerId, {
      type: 'prompt',
      sessionId: id,
      assignmentId: first.assignmentId,
      epoch,
      position: 0,
      tokens: prompt,
      chunkTokens: promptChunkTokens,
    });
  }

  /**
   * Waits for the next token.
   * @throws GenerationError if the session failed
   */
  async nextToken(): Promise<TokenMessage> {
    return this.#within(this.#tokens.take(), tokenTimeoutMs, 'for a token');
  }

  /** Takes a worker's message about this session. */
  receive(workerId: WorkerId, message: Exclude<WorkerMessage, { type: 'stage-report' }>): void {
    if (message.type === 'token') {
      this.#commit(workerId, message);
      return;
    }
    const stage = this.#pipeline.stages.find(({ assignmentId }) => assignmentId === message.assignmentId);
    if (stage?.workerId !== workerId) return;
    switch (message.type) {
      case 'session-opened':
        if (message.epoch !== this.#pipeline.epoch) return;
        this.#opened.add(stage.assignmentId);
        if (this.#opened.size === this.#pipeline.stages.length) this.#allOpened.resolve();
        return;
      case 'session-failed':
        if (message.epoch !== this.#pipeline.epoch) return;
        this.fail(stageError(message.code, stage.workerName, message.message));
        return;
      case 'session-closed':
        this.#timings.set(stage.assignmentId, message.timings);
        if (this.#timings.size === this.#pipeline.stages.length) this.#allClosed.resolve();
    }
  }

  /** Ends the session with an error; tokens that came before can still be taken. */
  fail(error: GenerationError): void {
    this.#allOpened.reject(error);
    this.#tokens.fail(error);
  }

  /** Tells the stages to forget the session, and waits a little for their timings. Never throws. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    for (const { workerId, assignmentId } of this.#pipeline.stages) {
      const isHere = this.#send(workerId, { type: 'close-session', sessionId: this.#init.id, assignmentId });
      if (!isHere) this.#allClosed.resolve();
    }
    await this.#within(this.#allClosed.promise, closeTimeoutMs, '').catch(() => undefined);
  }

  /** The pipeline is over: no stage will answer any more. */
  abandon(error: GenerationError): void {
    this.fail(error);
    this.#allClosed.resolve();
  }

  /** Only the last stage draws tokens; late and repeated ones are dropped. */
  #commit(workerId: WorkerId, message: TokenMessage): void {
    const last = this.#pipeline.stages.at(-1);
    if (this.#closing || workerId !== last?.workerId || message.epoch !== this.#pipeline.epoch) return;
    if (message.position < this.#nextPosition) return;
    if (message.position > this.#nextPosition) {
      this.fail(
        new GenerationError(
          'stage_failed',
          `worker ${last.workerName} sent token ${message.position}, expected ${this.#nextPosition}`,
        ),
      );
      return;
    }
    this.#nextPosition++;
    this.#tokens.push(message);
  }

  async #within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const silent = this.#pipeline.stages.filter(({ assignmentId }) => !this.#opened.has(assignmentId));
      this.#silent = silent.map(({ workerId }) => workerId);
      const names = silent.map(({ workerName }) => workerName);
      const whom = names.length > 0 ? names.join(', ') : 'the pipeline';
      timeout.reject(
        new GenerationError('stage_timeout', `waited ${timeoutMs / 1000} s for ${whom} ${what}`.trim()),
      );
    }, timeoutMs);
    try {
      return await Promise.race([promise, timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function stageError(code: SessionErrorCode, worker: string, message: string): GenerationError {
  const text = `worker ${worker}: ${message}`;
  switch (code) {
    case 'no-room':
      return new GenerationError('no_capacity', text, { retryAfterSeconds: 2 });
    case 'stage-gone':
    case 'peer-unreachable':
      return new GenerationError('worker_lost', text, { retryAfterSeconds: 2 });
    case 'cache-miss':
    case 'compute-failed':
    case 'bad-frame':
      return new GenerationError('stage_failed', text);
  }
}
