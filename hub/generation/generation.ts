/** One answer from admission to its record. */
import type { AssignmentId, SessionId, StageTimings, WorkerId } from '@potluck/protocol';
import type { Logger } from 'pino';
import type { RequestAuthor, RequestRecord, StageRecord } from './requestRecord.ts';
import type { ChatMessage } from '../models/tokenizer.ts';
import type { ReadyPipeline } from '../pipelines/pipeline.ts';
import { routeOf } from '../pipelines/pipeline.ts';
import type { AskedRoom } from './admission.ts';
import type { Answer, AnswerPiece } from './answer.ts';
import { GenerationError } from './generationError.ts';
import type { Session } from './session.ts';

export interface Usage {
  promptTokens: number;
  completionTokens: number;
}

export type FinishReason = 'stop' | 'length';

/** What a reader of a generation sees, in order; `finish` is the last. */
export type GenerationEvent =
  ({ type: 'piece' } & AnswerPiece) | { type: 'finish'; reason: FinishReason; usage: Usage };

export interface GenerationInit {
  id: SessionId;
  model: string;
  stream: boolean;
  seed: number;
  promptTokens: number;
  maxTokens: number;
  /** Longest chunk in which the prompt runs. */
  chunkTokens: number;
  author: RequestAuthor;
  /** What was asked, where it and the answer are kept with the request. */
  words?: ChatMessage[];
}

export interface GenerationComponents {
  pipeline: ReadyPipeline;
  /** Cache room for prompt and answer. */
  room: AskedRoom;
  session: Session;
  answer: Answer;
  /** Keeps the request's row; never rejects. */
  record: (record: RequestRecord) => void;
  /** Called after every token. */
  grew: () => void;
  logger: Logger;
}

/** A generation that was accepted. `events` must be read once, to its end or until it is returned early. */
export class Generation {
  readonly #components: GenerationComponents;
  readonly #init: GenerationInit;
  readonly #createdAt = Date.now();
  readonly #started = performance.now();
  readonly #recorded = Promise.withResolvers<RequestRecord>();
  #queueMs: number | null = null;
  #firstTokenMs: number | null = null;
  #lastTokenMs: number | null = null;
  #text = '';
  #cancelled = false;
  #over = false;

  constructor(components: GenerationComponents, init: GenerationInit) {
    this.#components = components;
    this.#init = init;
    // It may be refused before anybody reads the events.
    components.room.granted.catch(() => undefined);
    components.record(this.#recordNow('running'));
  }

  get id(): SessionId {
    return this.#init.id;
  }

  /** Unix milliseconds. */
  get createdAt(): number {
    return this.#createdAt;
  }

  /** `worker[first-last],…` */
  get route(): string {
    return routeOf(this.#components.pipeline.stages);
  }

  get model(): string {
    return this.#init.model;
  }

  get author(): RequestAuthor {
    return this.#init.author;
  }

  /** Workers of the stages in order. */
  get workerIds(): WorkerId[] {
    return this.#components.pipeline.stages.map(({ workerId }) => workerId);
  }

  get usage(): Usage {
    return { promptTokens: this.#init.promptTokens, completionTokens: this.#components.answer.tokenCount };
  }

  /** Tokens after the first, by the time that they took; null with fewer than two. */
  get tokensPerSecond(): number | null {
    const tokens = this.usage.completionTokens - 1;
    const milliseconds = (this.#lastTokenMs ?? 0) - (this.#firstTokenMs ?? 0);
    return tokens > 0 && milliseconds > 0 ? (1000 * tokens) / milliseconds : null;
  }

  /** Ends it early, as if its reader had gone away. */
  cancel(): void {
    this.#cancelled = true;
    this.#components.session.fail(new GenerationError('cancelled', 'the request was cancelled'));
  }

  /** True once the answer is complete, or will never be: only its record is still to come. */
  get isOver(): boolean {
    return this.#over;
  }

  /** The request as it was kept, with timings by stage; resolves once the stages have closed the session. */
  get recorded(): Promise<RequestRecord> {
    return this.#recorded.promise;
  }

  /**
   * The answer as it comes. The session is closed and recorded when the iteration ends, in whatever way.
   * @throws GenerationError
   */
  async *events(signal: AbortSignal): AsyncGenerator<GenerationEvent, void, void> {
    const { session, answer } = this.#components;
    const onAbort = (): void => session.fail(new GenerationError('cancelled', 'the request was cancelled'));
    signal.addEventListener('abort', onAbort, { once: true });
    let outcome: Partial<RequestRecord> = { status: 'cancelled' };
    let holdsRoom = false;
    try {
      await this.#components.room.granted;
      holdsRoom = true;
      this.#queueMs = performance.now() - this.#started;
      signal.throwIfAborted();
      await session.start();
      let reason: FinishReason | undefined;
      while (!reason) {
        const message = await session.nextToken();
        this.#lastTokenMs = performance.now() - this.#started;
        this.#firstTokenMs ??= this.#lastTokenMs;
        const piece = answer.add(message);
        this.#text += piece.text;
        this.#components.grew();
        if (answer.stopped) reason = 'stop';
        else reason = message.finish ?? (answer.tokenCount >= this.#init.maxTokens ? 'length' : undefined);
        if (piece.text !== '') yield { type: 'piece', ...piece };
      }
      outcome = { status: 'done', finishReason: reason };
      const rest = answer.finish();
      this.#text += rest.text;
      if (rest.text !== '' || rest.logprobs.length > 0) yield { type: 'piece', ...rest };
      // What was held back may have completed a stop string.
      if (answer.stopped) outcome.finishReason = reason = 'stop';
      yield { type: 'finish', reason, usage: this.usage };
    } catch (error) {
      if (signal.aborted || this.#cancelled)
        throw new GenerationError('cancelled', 'the request was cancelled', { cause: error });
      if (error instanceof GenerationError) {
        outcome = { status: 'failed', errorCode: error.code, errorMessage: error.message };
        this.#components.logger.warn(
          { request: this.id, code: error.code, reason: error.message },
          'request failed',
        );
      } else {
        outcome = { status: 'failed', errorCode: 'internal_error', errorMessage: String(error) };
      }
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#over = true;
      // Closing waits for the stages; who reads the answer does not wait for that.
      void this.#end(outcome, holdsRoom);
    }
  }

  async #end(outcome: Partial<RequestRecord>, holdsRoom: boolean): Promise<void> {
    const totalMs = performance.now() - this.#started;
    const { session, room, record, logger } = this.#components;
    if (holdsRoom) {
      await session.close();
      room.release();
    }
    const finished: RequestRecord = {
      ...this.#recordNow('done'),
      finishedAt: Date.now(),
      totalMs,
      stages: this.#stages(session.timings),
      ...outcome,
    };
    record(finished);
    this.#recorded.resolve(finished);
    const { status, promptTokens, completionTokens, route } = finished;
    logger.info(
      { request: this.id, status, promptTokens, completionTokens, route, milliseconds: Math.round(totalMs) },
      'request ended',
    );
  }

  #recordNow(status: RequestRecord['status']): RequestRecord {
    const { pipeline } = this.#components;
    return {
      id: this.id,
      createdAt: this.#createdAt,
      finishedAt: null,
      model: this.#init.model,
      status,
      stream: this.#init.stream,
      seed: this.#init.seed,
      ...this.usage,
      finishReason: null,
      errorCode: null,
      errorMessage: null,
      route: this.route,
      epoch: pipeline.epoch,
      queueMs: this.#queueMs,
      firstTokenMs: this.#firstTokenMs,
      totalMs: null,
      decodeTokensPerSecond: this.tokensPerSecond,
      replays: 0,
      chunkTokens: this.#init.chunkTokens,
      ...this.#init.author,
      prompt: this.#init.words ?? null,
      answer: this.#init.words ? this.#text : null,
      stages: this.#stages(new Map()),
    };
  }

  #stages(timings: ReadonlyMap<AssignmentId, StageTimings>): StageRecord[] {
    return this.#components.pipeline.stages.map(
      ({ assignmentId, workerId, workerName, firstLayer, lastLayer }) => {
        const known = timings.get(assignmentId);
        return { workerId, worker: workerName, firstLayer, lastLayer, ...(known ? { timings: known } : {}) };
      },
    );
  }
}
