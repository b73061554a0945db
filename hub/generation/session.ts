/** One generation's conversation with the stages of a pipeline in one epoch: open, resume, prompt, tokens, close. */
import { hubText } from '@potluck/api/hub-texts';
import {
  stepsOf,
  type AssignmentId,
  type FromHubMessage,
  type OpenSession,
  type PromptScores,
  type SessionFailed,
  type SessionId,
  type SessionOpened,
  type SessionShape,
  type StageTimings,
  type TokenMessage,
  type WorkerId,
} from '@potluck/protocol';
import type { ReadyPipeline, ReadyStage } from '../pipelines/pipeline.ts';
import type { SessionMessage } from '../workers/workerRegistry.ts';
import { AsyncQueue } from './asyncQueue.ts';
import { canCut } from './canCut.ts';
import { GenerationError, retryWhileLoadingSeconds } from './generationError.ts';
import { believable, planResume, type ResumedStage } from './planResume.ts';
import { refuseTooLong } from './refuseTooLong.ts';
import type { ProgressBook } from './progressBook.ts';
import type { ScoredPrompt } from './scoredPrompt.ts';
import { ProgressWatch } from './progressWatch.ts';
import type { SessionInit } from './sessionInit.ts';
import { beginning, openings, sequenceOf, type Sequence } from './sessionMessages.ts';
import { stageError } from './stageError.ts';
import { stageToBlame } from './stageToBlame.ts';
import { stepDeadlineMs, triedStepMs } from './stepDeadline.ts';
import { whileProgress } from './whileProgress.ts';

/** Reserving a cache allocates memory, once the step that runs has ended: a worker that does neither for so long hangs. */
const openTimeoutMs = 30_000;
const closeTimeoutMs = 5000;
/**
 * After so long without progress the workers are asked for a sign of life: with the time that they have for it, who sleeps is
 * missed within 1.6 s where others stand by, and within 3 s elsewhere.
 */
const doubtAfterMs = 450;
/** Whoever holds the answer up may have fallen asleep after its last sign of life. */
const doubtAgainMs = 100;

export interface SessionComponents {
  pipeline: ReadyPipeline;
  /** @returns false if the worker is not here */
  send: (workerId: WorkerId, message: FromHubMessage) => boolean;
  /** Of all workers and pipelines; sessions note theirs here. */
  progress: ProgressBook;
  /** Told whom the session waits for, while nothing goes on. */
  doubt: (workerIds: WorkerId[]) => void;
  /** Asked for a cache whose first tokens are those of the prompt. Default: the session begins with an empty one. */
  prefix?: SessionPrefix;
  /** Told which workers do not answer, as soon as that is known. The session has failed by then. */
  onSilent: (workerIds: WorkerId[]) => void;
}

export interface SessionPrefix {
  /** The session opens now. @returns undefined where it begins with an empty cache */
  begin(): OpenSession['from'];
  /** Some stage did not have what it was to begin with. */
  missed(): void;
}

export class Session {
  readonly #pipeline: ReadyPipeline;
  readonly #components: SessionComponents;
  readonly #init: SessionInit;
  readonly #opened = new Map<AssignmentId, SessionOpened>();
  readonly #allOpened = Promise.withResolvers<void>();
  readonly #tokens = new AsyncQueue<TokenMessage>();
  readonly #timings = new Map<AssignmentId, StageTimings>();
  /** Tokens that each stage keeps of the cache. */
  readonly #kept = new Map<AssignmentId, number>();
  /** Stages that may still tell their timings. */
  readonly #openStages: Set<AssignmentId>;
  readonly #allClosed = Promise.withResolvers<void>();
  /** Tokens of the prompt that each stage has run. */
  readonly #reached = new Map<AssignmentId, number>();
  /** When a stage last went on, by `performance.now()`; before that, when the session was begun, and when the prompt was sent. */
  #progressAt = -Infinity;
  /** Longest time between two signs of progress so far, in milliseconds. */
  #longestStepMs = 0;
  /** In any step that was asked for. */
  #mostTokensInStep = 1;
  #nextPosition: number;
  #recomputedTokens = 0;
  #reusedTokens = 0;
  #cachedTokens: number | undefined;
  #failed = false;
  #watch: NodeJS.Timeout | undefined;
  readonly #stillness = new ProgressWatch({
    stillMs: () => this.#deadlineMs(),
    lastProgress: () => this.#lastProgress(),
    onStill: () => void this.#endStuck(),
  });
  /** No stage went on: the session ends with an error that says whose step is outstanding, once that is known. */
  #isStuck = false;
  #closing = false;

  constructor(components: SessionComponents, init: SessionInit) {
    this.#components = components;
    this.#pipeline = components.pipeline;
    this.#init = init;
    this.#openStages = new Set(components.pipeline.stages.map(({ assignmentId }) => assignmentId));
    this.#nextPosition = init.prompt.length + init.answered.length;
    this.#cachedTokens = init.cachedTokens;
    // Whoever waits for these gets the error; nobody may be waiting.
    this.#allOpened.promise.catch(() => undefined);
  }

  get id(): SessionId {
    return this.#init.id;
  }

  /** What each stage said when it closed; stages that are gone are missing. */
  get timings(): ReadonlyMap<AssignmentId, StageTimings> {
    return this.#timings;
  }

  /** Tokens of the prompt that all stages have run. */
  get promptTokensRead(): number {
    const last = this.#pipeline.stages.at(-1);
    const reached = (last && this.#reached.get(last.assignmentId)) ?? 0;
    return Math.min(reached, this.#init.prompt.length);
  }

  /** True once a token has passed all stages. */
  get hasToken(): boolean {
    return this.#nextPosition > this.#init.prompt.length + this.#init.answered.length;
  }

  /** Tokens that some stage ran once more, known once the session has started. */
  get recomputedTokens(): number {
    return this.#recomputedTokens;
  }

  /** Tokens of the prompt that no stage had to run, known once the session has started. */
  get reusedTokens(): number {
    return this.#reusedTokens;
  }

  /**
   * Reserves caches at all stages, then sends the first one the tokens that it lacks.
   * @throws GenerationError if a stage refuses, is gone, or does not answer
   */
  async start(): Promise<void> {
    const { resumes } = this.#init;
    const scored = this.#scoring;
    scored?.begin();
    const from = this.#components.prefix?.begin();
    if (from) this.#cachedTokens = from.length;
    const sequence = sequenceOf(this.#init, this.#shape);
    const about = { from, alternatives: scored?.alternatives };
    const opening = openings(this.#pipeline, this.#init, sequence, about);
    for (const { message } of opening) refuseTooLong(message);
    this.#progressAt = performance.now();
    this.#doubtWhoIsWaitedFor();
    for (const { workerId, workerName, message } of opening) {
      if (this.#components.send(workerId, message)) continue;
      const why = hubText('disconnected', { device: workerName });
      this.fail(new GenerationError('worker_lost', why, { workers: [workerName] }));
    }
    // A worker that computes for others can't reserve anything meanwhile.
    const lastProgress = (): number =>
      Math.min(...this.#unopened().map(({ workerId }) => this.#components.progress.last(workerId)));
    await whileProgress(
      this.#allOpened.promise,
      () => openTimeoutMs,
      lastProgress,
      () => this.#failUnopened(),
    );
    const resumed = resumes || from ? this.#planResume(sequence) : [];
    const lengths = resumed.map(({ length }) => length);
    if (resumes) this.#recomputedTokens = Math.max(...lengths.map((length) => sequence.lastStep - length), 0);
    else if (from) this.#reusedTokens = Math.min(...lengths);
    if (from && this.#reusedTokens < from.length) this.#components.prefix?.missed();
    this.#progressAt = performance.now();
    const begun = beginning(this.#pipeline, this.#init, sequence, this.#shape, resumed);
    this.#mostTokensInStep = begun.mostTokensInStep;
    for (const { workerId, message } of begun.messages) this.#components.send(workerId, message);
  }

  /**
   * Waits for the next token.
   * @throws GenerationError if the session failed. Where no stage goes on, the session is closed by then, and the error
   *   names the worker that is suspected.
   */
  nextToken(): Promise<TokenMessage> {
    const token = this.#tokens.take();
    if (this.#tokens.isAwaited) this.#stillness.begin();
    return token;
  }

  /** Takes a worker's message about this session. */
  receive(workerId: WorkerId, message: SessionMessage): void {
    if (message.type === 'token') {
      this.#commit(workerId, message);
      return;
    }
    const stage = this.#pipeline.stages.find(({ assignmentId }) => assignmentId === message.assignmentId);
    if (stage?.workerId !== workerId) return;
    switch (message.type) {
      case 'session-opened':
        if (message.epoch !== this.#pipeline.epoch) return;
        this.#opened.set(stage.assignmentId, message);
        this.#components.progress.made(workerId);
        if (this.#opened.size === this.#pipeline.stages.length) this.#allOpened.resolve();
        return;
      case 'session-progress':
        if (message.epoch === this.#pipeline.epoch) this.#wentOn(stage, message.position);
        return;
      case 'prompt-scores':
        if (message.epoch === this.#pipeline.epoch) this.#score(stage, message);
        return;
      case 'session-failed':
        if (message.epoch !== this.#pipeline.epoch) return;
        this.#failAt(stage, message);
        return;
      case 'session-closed':
        this.#timings.set(stage.assignmentId, message.timings);
        if (message.kept !== undefined) this.#kept.set(stage.assignmentId, message.kept);
        this.#closed(stage.assignmentId);
    }
  }

  /** Ends the session with an error; tokens that came before can still be taken. */
  fail(error: GenerationError): void {
    this.#failed = true;
    clearTimeout(this.#watch);
    this.#stillness.stop();
    this.#allOpened.reject(error);
    if (!this.#isStuck) this.#tokens.fail(error);
  }

  /**
   * Tells the stages to forget the session, and waits a little for their timings. Never throws.
   * @param keep tokens of its cache that the stages are to keep
   * @returns true where all of them do
   */
  async close(keep?: number): Promise<boolean> {
    if (this.#closing) return false;
    this.#closing = true;
    clearTimeout(this.#watch);
    this.#stillness.stop();
    for (const { workerId, assignmentId } of this.#pipeline.stages) {
      const about = { type: 'close-session', sessionId: this.#init.id, assignmentId } as const;
      const message = keep === undefined ? about : { ...about, keep };
      if (!this.#components.send(workerId, message)) this.#closed(assignmentId);
    }
    const late = new GenerationError('stage_timeout', 'a stage did not close the session');
    await whileProgress(
      this.#allClosed.promise,
      () => closeTimeoutMs,
      () => -Infinity,
      () => late,
    ).catch(() => undefined);
    const { stages } = this.#pipeline;
    return keep !== undefined && stages.every(({ assignmentId }) => this.#kept.get(assignmentId) === keep);
  }

  /** The pipeline is over: stages whose workers are here can still tell their timings. */
  abandon(error: GenerationError): void {
    this.fail(error);
    if (this.#closing) this.#allClosed.resolve();
  }

  /** Where the last stage goes on with other answers, this one waits for its turn. @returns by `performance.now()` */
  #lastProgress(): number {
    return Math.max(this.#progressAt, this.#components.progress.last(this.#pipeline.id));
  }

  /** Now, where nothing has gone on for a while, and whenever that is so. */
  #doubtWhoIsWaitedFor(): void {
    const leftMs = doubtAfterMs - (performance.now() - this.#lastProgress());
    if (leftMs <= 0) this.#components.doubt(this.#pipeline.stages.map(({ workerId }) => workerId));
    const nextMs = leftMs > 0 ? Math.ceil(leftMs) : doubtAgainMs;
    this.#watch = setTimeout(() => this.#doubtWhoIsWaitedFor(), nextMs).unref();
  }

  /** In what steps the tokens run, the first time and in every replay. */
  get #shape(): SessionShape {
    const { prompt, chunkTokens } = this.#init;
    return { promptLength: prompt.length, chunkTokens, cachedTokens: this.#cachedTokens };
  }

  /** How the stages go on, by what they said that they have. */
  #planResume({ tokens: { length: total }, lastStep }: Sequence): ResumedStage[] {
    const kept = this.#pipeline.stages.map(({ assignmentId, description }) => {
      const { length = 0, retainedFrom = 0 } = this.#opened.get(assignmentId) ?? {};
      return { length, retainedFrom, canCut: canCut(description) };
    });
    return planResume(believable(kept, stepsOf(this.#shape, 0, total)), { total, lastStep });
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

  /** Once a token has passed all stages, the session's own steps tell more than what the stages say of their trial. */
  #deadlineMs(): number {
    const { leastDeadlineMs } = this.#init;
    const tried = this.hasToken ? 0 : triedStepMs(this.#pipeline.stages, this.#mostTokensInStep);
    return stepDeadlineMs(Math.max(tried, this.#longestStepMs), leastDeadlineMs);
  }

  async #endStuck(): Promise<void> {
    this.#isStuck = true;
    this.#stillness.stop();
    this.#tokens.fail(await this.#closeStuck());
  }

  /** Closes the session: what the stages tell then shows whose step is outstanding. */
  async #closeStuck(): Promise<GenerationError> {
    const seconds = Math.round(this.#deadlineMs() / 1000);
    await this.close();
    const blamed = stageToBlame(this.#pipeline.stages, this.#timings);
    if (blamed) this.#components.onSilent([blamed.workerId]);
    return new GenerationError(
      'stage_timeout',
      hubText('device-silent', { device: blamed?.workerName ?? 'A device', seconds }),
      {
        retryAfterSeconds: retryWhileLoadingSeconds,
        ...(blamed ? { workers: [blamed.workerName] } : {}),
      },
    );
  }

  #failUnopened(): GenerationError {
    const since = performance.now() - openTimeoutMs;
    const { progress } = this.#components;
    const silent = this.#unopened().filter(({ workerId }) => progress.last(workerId) <= since);
    const workers = [...new Set(silent.map(({ workerName }) => workerName))];
    const seconds = openTimeoutMs / 1000;
    const error = new GenerationError(
      'stage_timeout',
      hubText('devices-silent', { names: workers.join(', '), seconds }),
      { workers },
    );
    this.fail(error);
    this.#components.onSilent(silent.map(({ workerId }) => workerId));
    return error;
  }

  #unopened(): ReadyStage[] {
    return this.#pipeline.stages.filter(({ assignmentId }) => !this.#opened.has(assignmentId));
  }

  /** A stage has run the sequence up to this position. What it says twice is no progress. */
  #wentOn(stage: ReadyStage, position: number): void {
    const isNew = position > (this.#reached.get(stage.assignmentId) ?? 0);
    if (!isNew || position > this.#init.prompt.length + this.#init.maxTokens) return;
    this.#reached.set(stage.assignmentId, position);
    const now = performance.now();
    this.#longestStepMs = Math.max(this.#longestStepMs, now - this.#progressAt);
    this.#progressAt = now;
    this.#components.progress.made(stage.workerId, now);
    if (stage === this.#pipeline.stages.at(-1)) this.#components.progress.made(this.#pipeline.id, now);
  }

  /** Where the prompt's tokens are still to be scored. */
  get #scoring(): ScoredPrompt | undefined {
    const { scored } = this.#init;
    return scored?.isComplete === false ? scored : undefined;
  }

  #score(stage: ReadyStage, { position, scores }: PromptScores): void {
    if (this.#closing || stage !== this.#pipeline.stages.at(-1)) return;
    if (this.#scoring?.take(position, scores) === true) return;
    const what = `sent scores of ${scores.length} tokens at ${position}, which are not what comes next`;
    this.fail(new GenerationError('stage_failed', `${stage.workerName} ${what}`));
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
          `${last.workerName} sent token ${message.position}, expected ${this.#nextPosition}`,
        ),
      );
      return;
    }
    if (this.#scoring) {
      const what = 'did not tell how likely the tokens of the prompt are. Update Potluck there';
      this.fail(new GenerationError('stage_failed', `${last.workerName} ${what}`));
      return;
    }
    this.#nextPosition++;
    this.#wentOn(last, message.position + 1);
    this.#stillness.rest();
    this.#tokens.push(message);
  }
}
