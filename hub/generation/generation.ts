/** One answer from admission to its record. */
import { setImmediate } from 'node:timers/promises';
import type { SessionId, TokenMessage, TokenScore, WorkerId } from '@potluck/protocol';
import type { Logger } from 'pino';
import { turnHasTime } from '../fairness/turnTime.ts';
import type { Pause, RequestAuthor, RequestRecord } from './requestRecord.ts';
import type { CommittedToken } from './journal/journalEntry.ts';
import type { JournalPage } from './journal/journal.ts';
import type { ReadyPipeline } from '../pipelines/pipeline.ts';
import { plainRouteOf, routeOf } from '../pipelines/pipeline.ts';
import type { Answer, AnswerPiece } from './answer.ts';
import { isLoss, type Attempt, type Recovery } from './attempt.ts';
import { cancelled, GenerationError } from './generationError.ts';
import type { GenerationInit } from './generationInit.ts';
import { GenerationTimes } from './generationTimes.ts';
import { GrowingText } from './growingText.ts';
import { Losses } from './losses.ts';
import { recordOf, type AnswerSoFar } from './recordOf.ts';
import type { ScoredPrompt } from './scoredPrompt.ts';

export interface Usage {
  promptTokens: number;
  /** Those of the prompt that were computed for an earlier request, or for another choice of the same one. */
  cachedTokens: number;
  completionTokens: number;
}

export type FinishReason = 'stop' | 'length';

/** What a reader of a generation sees, in order; `finish` is the last. */
export type GenerationEvent =
  | ({ type: 'text' } & AnswerPiece)
  | {
      type: 'finish';
      reason: FinishReason;
      usage: Usage;
      /** The stop string that ended it, where one did. */
      stoppedBy?: string;
    };

export interface GenerationComponents {
  attempt: Attempt;
  /** Another choice of the same request, that computes the same prompt. */
  samePromptAs?: Generation | undefined;
  /** Filled before the first token comes, where it is wanted how likely the prompt's tokens are. */
  scored?: ScoredPrompt | undefined;
  /**
   * The devices of an attempt failed: finds others, or the same in a new epoch, that go on after the answer's tokens so far.
   * @throws GenerationError where none can
   */
  again: (lost: Attempt, error: GenerationError, signal: AbortSignal) => Promise<Attempt>;
  answer: Answer;
  /** Keeps the request's row; never rejects. */
  record: (record: RequestRecord) => void;
  /** Keeps what another run of the hub needs to go on; undefined where none is to. */
  journal?: JournalPage | undefined;
  /** Called when there is room for it, and after every token. */
  grew: () => void;
  logger: Logger;
}

/** A generation that was accepted. `events` must be read once, to its end or until it is returned early. */
export class Generation {
  readonly #components: GenerationComponents;
  readonly #init: GenerationInit;
  readonly #times: GenerationTimes;
  readonly #cancelling = new AbortController();
  #isStopped = false;
  readonly #recorded = Promise.withResolvers<RequestRecord>();
  readonly #prompted = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  /** Where the words are kept. */
  readonly #text = new GrowingText();
  #attempt: Attempt;
  /** `accepted` waits for room, `running` has a session, `lost` is over. */
  #attemptState: 'accepted' | 'admitted' | 'running' | 'lost' = 'accepted';
  readonly #tokens: number[];
  #cachedTokens: number | undefined;
  readonly #losses: Losses;
  #hasReader = true;
  /** Tokens of a former run of the hub that are still to be told. */
  readonly #past: CommittedToken[];
  #over = false;
  #hadCompany = false;
  #isRead = false;

  constructor(components: GenerationComponents, init: GenerationInit) {
    this.#components = components;
    this.#init = init;
    this.#attempt = components.attempt;
    this.#tokens = init.tokens;
    const { goesOn } = init;
    this.#times = new GenerationTimes(init.arrivedAt, goesOn !== undefined);
    this.#losses = new Losses(init.arrivedAt, goesOn);
    this.#past = [...(goesOn?.tokens ?? [])];
    // It may be refused before anybody reads the events.
    components.attempt.room.granted.catch(() => undefined);
    components.record(this.#recordNow('running'));
  }

  get id(): SessionId {
    return this.#init.id;
  }

  /** Unix milliseconds. */
  get createdAt(): number {
    return this.#init.createdAt;
  }

  /** Of the attempt that goes on now. */
  get pipeline(): ReadyPipeline {
    return this.#attempt.pipeline;
  }

  /** `worker[first-last],…` */
  get route(): string {
    return routeOf(this.pipeline.stages);
  }

  get model(): string {
    return this.#init.model;
  }

  get author(): RequestAuthor {
    return this.#init.author;
  }

  /** Workers of the stages in order. */
  get workerIds(): WorkerId[] {
    return this.pipeline.stages.map(({ workerId }) => workerId);
  }

  get usage(): Usage {
    return {
      promptTokens: this.#init.promptTokens,
      cachedTokens: this.#cachedTokens ?? 0,
      completionTokens: this.#components.answer.tokenCount,
    };
  }

  /**
   * How likely each token of the prompt from the second on was; undefined where nobody asked. Complete from the first event on.
   */
  get promptScores(): readonly TokenScore[] | undefined {
    return this.#components.scored?.scores;
  }

  /** Those of the answer so far, the one that stopped it included. */
  get tokens(): readonly number[] {
    return this.#tokens;
  }

  /** What lost devices cost it so far. */
  get recovery(): Recovery {
    return this.#losses.recovery;
  }

  /** How long it waited for room, and when its first and its last token came, in milliseconds since the request. */
  get times(): { queueMs: number | null; firstTokenMs: number | null; lastTokenMs: number | null } {
    const { queueMs, firstTokenMs, lastTokenMs } = this.#times;
    return { queueMs, firstTokenMs, lastTokenMs };
  }

  /** Whether it stands still for what was lost: the names of that, and for how long, in milliseconds. */
  get paused(): { lost: string[]; forMs: number } | undefined {
    const lost = this.#losses.standsStillFor;
    return lost === undefined || this.#over
      ? undefined
      : { lost, forMs: Math.round(this.#losses.standsStillMs) };
  }

  /** Pauses that are over. */
  get pauses(): readonly Pause[] {
    return this.#losses.pauses;
  }

  /** A worker is not here any more: perhaps one of several that this answer loses. */
  workerLeft(workerId: WorkerId): void {
    const stage = this.pipeline.stages.find((one) => one.workerId === workerId);
    if (!stage || this.#over) return;
    this.#losses.left(stage.workerName);
    if (this.#losses.standsStillFor !== undefined) this.#components.grew();
  }

  /** False once the page or program that asked went away, while the answer goes on. */
  get hasReader(): boolean {
    return this.#hasReader;
  }

  /** Nobody reads the answer as it comes any more; it goes on and is kept. */
  readerGone(): void {
    this.#hasReader = false;
    this.#components.grew();
  }

  /** True until there is room for it. Cheap, other than its place. */
  get isQueued(): boolean {
    return this.#attemptState === 'accepted' && !this.#over;
  }

  /** Place in the queue, from 1; undefined once there is room for it. */
  get queuePlace(): number | undefined {
    return this.isQueued ? this.#attempt.room.place() : undefined;
  }

  /** Tokens of the prompt that all stages have run. */
  get promptTokensRead(): number {
    return this.usage.completionTokens > 0 ? this.#init.promptTokens : this.#attempt.session.promptTokensRead;
  }

  /** Tokens after the first, by the time that they took; null with fewer than two, and where a former run had some. */
  get tokensPerSecond(): number | null {
    return this.#times.tokensPerSecond(this.usage.completionTokens);
  }

  /** Resolves when its first token is there, or when that will not be soon. */
  get prompted(): Promise<void> {
    return this.#prompted.promise;
  }

  /** Ends it early, as if its reader had gone away. */
  cancel(): void {
    if (this.#isStopped) return;
    this.#cancelling.abort();
    this.#attempt.session.fail(cancelled());
  }

  /** The hub stops: whoever reads the answer may come back to the next run for what follows. */
  stop(error: GenerationError): void {
    this.#isStopped = true;
    this.#attempt.session.fail(error);
  }

  get #isCancelled(): boolean {
    return this.#cancelling.signal.aborted;
  }

  /** True while its attempt holds room, and perhaps a session. */
  get #holdsRoom(): boolean {
    return this.#attemptState === 'admitted' || this.#attemptState === 'running';
  }

  /** Another answer runs at one of its workers. */
  hasCompany(): void {
    this.#hadCompany = true;
  }

  /** Whether another answer ran at one of its workers meanwhile, so that its steps had to wait. */
  get hadCompany(): boolean {
    return this.#hadCompany;
  }

  /** Ends it where nobody has begun to read its events; a reader that has begun hears that it was cancelled. */
  async discard(): Promise<void> {
    this.cancel();
    if (this.#isRead) return;
    await this.events(this.#cancelling.signal)
      .next()
      .catch(() => undefined);
  }

  /** True once the answer is complete, or will never be: only its record is still to come. */
  get isOver(): boolean {
    return this.#over;
  }

  /** Resolves when it is over. */
  get ended(): Promise<void> {
    return this.#ended.promise;
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
    const { answer } = this.#components;
    this.#isRead = true;
    const onAbort = (): void => this.cancel();
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    let outcome: Partial<RequestRecord> = { status: 'cancelled' };
    try {
      let reason: FinishReason | undefined;
      // Another run of the hub, that goes on with it, knows it already.
      let isKept = this.#init.goesOn !== undefined;
      while (!reason) {
        const past = this.#past.shift();
        const message = past ?? (await this.#nextToken());
        if (!past) {
          this.#times.tokenCame();
          if (this.#init.answersNothing) {
            reason = 'length';
            break;
          }
          this.#components.journal?.grew(message);
        } else if (!turnHasTime()) await setImmediate();
        this.#tokens.push(message.token);
        const piece = answer.add(message);
        if (this.#init.words) this.#text.add(piece.text);
        this.#components.grew();
        if (answer.stopped) reason = 'stop';
        else reason = message.finish ?? (answer.tokenCount >= this.#init.maxTokens ? 'length' : undefined);
        if (piece.text !== '') {
          if (!isKept) await this.#components.journal?.kept();
          isKept = true;
          yield { type: 'text', ...piece };
        }
      }
      outcome = { status: 'done', finishReason: reason };
      const rest = answer.finish();
      if (this.#init.words) this.#text.add(rest.text);
      if (rest.text !== '' || rest.logprobs.length > 0) yield { type: 'text', ...rest };
      // What was held back may have completed a stop string.
      if (answer.stopped) outcome.finishReason = reason = 'stop';
      const { stoppedBy } = answer;
      yield { type: 'finish', reason, usage: this.usage, ...(stoppedBy === undefined ? {} : { stoppedBy }) };
    } catch (error) {
      if (this.#isCancelled) throw cancelled(error);
      if (error instanceof GenerationError) {
        const status = error.code === 'hub_stopped' ? 'interrupted' : 'failed';
        outcome = { status, errorCode: error.code, errorMessage: error.message };
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
      this.#prompted.resolve();
      this.#ended.resolve();
      this.#components.journal?.end(outcome.status === 'interrupted');
      // Closing waits for the stages; who reads the answer does not wait for that.
      void this.#end(outcome);
    }
  }

  /** Waits for the next token, in as many attempts as that takes. @throws GenerationError */
  async #nextToken(): Promise<TokenMessage> {
    for (;;) {
      try {
        if (this.#attemptState !== 'running') await this.#begin();
        const message = await this.#attempt.session.nextToken();
        if (this.#tokens.length === 0) this.#attempt.cache.runs();
        this.#prompted.resolve();
        if (this.#losses.wentOn())
          this.#components.logger.info({ request: this.id, ...this.recovery }, 'the answer goes on');
        return message;
      } catch (error) {
        if (this.#isCancelled || !isLoss(error)) {
          this.#endsHere(error);
          throw error;
        }
        this.#losses.failed(error, this.#times.lastTokenAt);
        try {
          if (this.#losses.isTooMuch) throw error;
          this.#components.grew();
          await this.#goOn(error);
        } catch (cause) {
          this.#endsHere(cause);
          throw cause;
        }
      }
    }
  }

  /** It may have stood still to its end. A next run of the hub notes the whole pause itself. */
  #endsHere(error: unknown): void {
    const goesOn = error instanceof GenerationError && error.code === 'hub_stopped';
    if (!goesOn) this.#losses.notePause();
  }

  /** Waits for room and opens the session. */
  async #begin(): Promise<void> {
    const { room, session } = this.#attempt;
    await room.granted;
    this.#attemptState = 'admitted';
    this.#times.admitted();
    this.#components.grew();
    if (this.#isCancelled) throw cancelled();
    await this.#samePrompt();
    await session.start();
    this.#attemptState = 'running';
    this.#cachedTokens ??= session.reusedTokens;
    this.#losses.recomputed(session.recomputedTokens);
  }

  /** Waits for another choice that computes the prompt for both. */
  async #samePrompt(): Promise<void> {
    const { samePromptAs: other } = this.#components;
    if (!other || this.#tokens.length > 0 || other.pipeline.id !== this.pipeline.id) return;
    const { signal } = this.#cancelling;
    const ended = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([other.prompted, ended]);
    if (this.#isCancelled) throw cancelled();
  }

  /** Goes on in another attempt. @throws GenerationError where there is none */
  async #goOn(error: GenerationError): Promise<void> {
    const lost = this.#attempt;
    const wasAdmitted = this.#holdsRoom;
    this.#attemptState = 'lost';
    // Others with the same prompt hold room, and this one may have to wait for some.
    this.#prompted.resolve();
    lost.cache.failed();
    if (wasAdmitted) lost.room.release();
    this.#components.logger.warn(
      // What people are told of it says that the answer has stopped, which it has not yet.
      {
        request: this.id,
        ...(error.workers?.length ? { lost: error.workers } : { reason: error.message }),
        tokens: this.#tokens.length,
      },
      'the answer waits for other devices',
    );
    const { again } = this.#components;
    this.#attempt = await again(lost, error, this.#cancelling.signal);
    this.#attempt.room.granted.catch(() => undefined);
    this.#attemptState = 'accepted';
    const here = new Set(this.workerIds);
    const replaced = lost.pipeline.stages.filter(({ workerId }) => !here.has(workerId));
    const names = [...(error.workers ?? []), ...replaced.map((one) => one.workerName)];
    this.#losses.replaced(names, wasAdmitted);
  }

  async #end(outcome: Partial<RequestRecord>): Promise<void> {
    const { totalMs } = this.#times;
    const { record, logger } = this.#components;
    const { session, room, cache } = this.#attempt;
    if (this.#holdsRoom && outcome.status === 'interrupted') {
      // Stages keep its cache for the next run of the hub.
      room.release();
    } else if (this.#holdsRoom) {
      // What a stage that failed has is not trusted.
      const keep = outcome.status === 'failed' ? undefined : cache.worthKeeping();
      const isKept = await session.close(keep);
      if (outcome.status === 'failed') cache.failed();
      else cache.ended(isKept ? keep : undefined);
      room.release();
    } else if (this.#attemptState === 'accepted') {
      // A former run of the hub had all of it.
      room.granted.then(
        () => room.release(),
        () => undefined,
      );
    }
    const finished: RequestRecord = {
      ...this.#recordNow('done', session.timings),
      ...{ finishedAt: Date.now(), totalMs, ...outcome },
    };
    record(finished);
    this.#recorded.resolve(finished);
    const { status, promptTokens, completionTokens } = finished;
    const route = plainRouteOf(this.pipeline.stages);
    logger.info(
      { request: this.id, status, promptTokens, completionTokens, route, milliseconds: Math.round(totalMs) },
      'request ended',
    );
  }

  /** The request as it is at this moment, while it runs. */
  get recordNow(): RequestRecord {
    return this.#recordNow('running');
  }

  #recordNow(status: RequestRecord['status'], timings: AnswerSoFar['timings'] = new Map()): RequestRecord {
    return recordOf(this.#init, {
      ...{ status, pipeline: this.pipeline, times: this.#times, losses: this.#losses, timings },
      completionTokens: this.usage.completionTokens,
      cachedTokens: this.#cachedTokens ?? null,
      text: this.#init.words ? this.#text.toString() : null,
    });
  }
}
