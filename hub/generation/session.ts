/** One generation's conversation with the stages of a pipeline: open, prompt, tokens, close. */
import type {
  AssignmentId,
  FromHubMessage,
  SamplingDescription,
  SessionErrorCode,
  SessionFailed,
  SessionId,
  StageTimings,
  TokenMessage,
  WorkerId,
} from '@potluck/protocol';
import type { ReadyPipeline, ReadyStage } from '../pipelines/pipeline.ts';
import type { WorkerMessage } from '../workers/workerRegistry.ts';
import { AsyncQueue } from './asyncQueue.ts';
import { GenerationError, retryWhileLoadingSeconds } from './generationError.ts';
import { stageToBlame } from './stageToBlame.ts';

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

export interface SessionComponents {
  pipeline: ReadyPipeline;
  /** @returns false if the worker is not here */
  send: (workerId: WorkerId, message: FromHubMessage) => boolean;
  /** Told which workers do not answer, as soon as that is known. The session has failed by then. */
  onSilent: (workerIds: WorkerId[]) => void;
}

export class Session {
  readonly #pipeline: ReadyPipeline;
  readonly #components: SessionComponents;
  readonly #init: SessionInit;
  readonly #opened = new Set<AssignmentId>();
  readonly #allOpened = Promise.withResolvers<void>();
  readonly #tokens = new AsyncQueue<TokenMessage>();
  readonly #timings = new Map<AssignmentId, StageTimings>();
  /** Stages that may still tell their timings. */
  readonly #openStages: Set<AssignmentId>;
  readonly #allClosed = Promise.withResolvers<void>();
  #nextPosition: number;
  #failed = false;
  #closing = false;
  /** True where a token was waited for in vain. */
  #stuck = false;

  constructor(components: SessionComponents, init: SessionInit) {
    this.#components = components;
    this.#pipeline = components.pipeline;
    this.#init = init;
    this.#openStages = new Set(components.pipeline.stages.map(({ assignmentId }) => assignmentId));
    this.#nextPosition = init.prompt.length;
    // Whoever waits for these gets the error; nobody may be waiting.
    this.#allOpened.promise.catch(() => undefined);
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
      const here = this.#components.send(stage.workerId, {
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
    await within(this.#allOpened.promise, openTimeoutMs, () => this.#failUnopened());
    const [first] = stages;
    if (!first) throw new Error('a pipeline has at least one stage');
    this.#components.send(first.workerId, {
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
    return within(this.#tokens.take(), tokenTimeoutMs, () => {
      this.#stuck = true;
      return new GenerationError('stage_timeout', `no token came for ${tokenTimeoutMs / 1000} s`);
    });
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
        this.#failAt(stage, message);
        return;
      case 'session-closed':
        this.#timings.set(stage.assignmentId, message.timings);
        this.#closed(stage.assignmentId);
    }
  }

  /** Ends the session with an error; tokens that came before can still be taken. */
  fail(error: GenerationError): void {
    this.#failed = true;
    this.#allOpened.reject(error);
    this.#tokens.fail(error);
  }

  /** Tells the stages to forget the session, and waits a little for their timings. Never throws. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    for (const { workerId, assignmentId } of this.#pipeline.stages) {
      const message = { type: 'close-session', sessionId: this.#init.id, assignmentId } as const;
      if (!this.#components.send(workerId, message)) this.#closed(assignmentId);
    }
    const late = new GenerationError('stage_timeout', 'a stage did not close the session');
    await within(this.#allClosed.promise, closeTimeoutMs, () => late).catch(() => undefined);
    const blamed = this.#stuck ? stageToBlame(this.#pipeline.stages, this.#timings) : undefined;
    if (blamed) this.#components.onSilent([blamed.workerId]);
  }

  /** The pipeline is over: stages whose workers are here can still tell their timings. */
  abandon(error: GenerationError): void {
    this.fail(error);
    if (this.#closing) this.#allClosed.resolve();
  }

  #closed(assignmentId: AssignmentId): void {
    this.#openStages.delete(assignmentId);
    if (this.#openStages.size === 0) this.#allClosed.resolve();
  }

  /** A stage can't go on. Where that is for a neighbour that does not answer, the neighbour is to blame. */
  #failAt(stage: ReadyStage, { code, message, peer }: SessionFailed): void {
    const before = this.#failed || this.#closing;
    const neighbour = this.#pipeline.stages.find(({ workerId }) => workerId === peer);
    if (code === 'stage-gone') this.#closed(stage.assignmentId);
    this.fail(stageError(code, message, { worker: stage.workerName, peer: neighbour?.workerName }));
    // What a stage says later may only be how it saw the end of the session.
    if (before || code !== 'peer-unreachable' || !neighbour) return;
    this.#components.onSilent([neighbour.workerId]);
  }

  #failUnopened(): GenerationError {
    const silent = this.#pipeline.stages.filter(({ assignmentId }) => !this.#opened.has(assignmentId));
    const names = [...new Set(silent.map(({ workerName }) => workerName))].join(', ');
    const seconds = openTimeoutMs / 1000;
    const error = new GenerationError(
      'stage_timeout',
      `waited ${seconds} s for ${names} to reserve room for the answer`,
    );
    this.fail(error);
    this.#components.onSilent(silent.map(({ workerId }) => workerId));
    return error;
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
}

/** @throws what `onTimeout` returns, where the promise takes longer */
async function within<T>(
  promise: Promise<T>,
  timeoutMs: number,
  onTimeout: () => GenerationError,
): Promise<T> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(onTimeout()), timeoutMs);
  try {
    return await Promise.race([promise, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** @param names of the worker that says so, and of the neighbour that it means */
function stageError(
  code: SessionErrorCode,
  message: string,
  { worker, peer }: { worker: string; peer: string | undefined },
): GenerationError {
  const text =
    peer === undefined ? `worker ${worker}: ${message}` : `worker ${worker}, about ${peer}: ${message}`;
  switch (code) {
    case 'no-room':
      return new GenerationError('no_capacity', text, { retryAfterSeconds: 2 });
    case 'peer-unreachable': {
      const silent = `worker ${peer ?? 'unknown'} does not answer worker ${worker}: ${message}`;
      const unreachable = peer === undefined ? text : silent;
      return new GenerationError('worker_lost', unreachable, { retryAfterSeconds: retryWhileLoadingSeconds });
    }
    case 'stage-gone':
      return new GenerationError('worker_lost', text, { retryAfterSeconds: retryWhileLoadingSeconds });
    case 'cache-miss':
    case 'compute-failed':
    case 'bad-frame':
      return new GenerationError('stage_failed', text);
  }
}
