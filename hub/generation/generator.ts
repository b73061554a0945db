/** Accepts requests for answers, and leads what workers say to the sessions that it is about. */
import { randomInt, randomUUID } from 'node:crypto';
import type { MeasuredAnswer } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import { CacheId, scoredStepTokens, SessionId, type PipelineId, type WorkerId } from '@potluck/protocol';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import type { RequestRecord } from './requestRecord.ts';
import type { Deployment, Replica } from '../pipelines/deployment.ts';
import type { Deployments } from '../pipelines/deployments.ts';
import type { Pipeline, ReadyPipeline } from '../pipelines/pipeline.ts';
import type { SessionMessage, WorkerRegistry } from '../workers/workerRegistry.ts';
import type { Attempt } from './attempt.ts';
import { Attempts, type AnswerInit, type AttemptInit } from './attempts.ts';
import { chooseReplica } from './answerRoom.ts';
import { Answer } from './answer.ts';
import { Generation } from './generation.ts';
import { GenerationError, retryWhileLoadingSeconds } from './generationError.ts';
import type { GenerationInit } from './generationInit.ts';
import type { GenerationRequest } from './generationRequest.ts';
import { howToDraw } from './howToDraw.ts';
import type { Journal } from './journal/journal.ts';
import type { JournalEntry, JournalState } from './journal/journalEntry.ts';
import { journalPage } from './journalPage.ts';
import { measuredAnswer } from './measuredAnswer.ts';
import { ScoredPrompt } from './scoredPrompt.ts';
import type { Serving, Servings } from './servings.ts';
import { isBusy, weighServings, type AskedAnswer, type WeighedServing } from './weighServings.ts';
import { hubIsStopping, hubStopped, hubWasAway } from './whyNotAnswered.ts';

/** Exclusive bound of drawn seeds; randomInt takes ranges below 2^48. */
export const seedBound = 2 ** 47;

export interface GeneratorComponents {
  deployments: Deployments;
  servings: Servings;
  registry: WorkerRegistry;
  record: (record: RequestRecord) => void;
  /** Default: answers under way end with the hub. */
  journal?: Journal;
  logger: Logger;
}

export interface GeneratorInit {
  /** Shortest time after which an answer that stands still is given up, in milliseconds. Default 30,000. */
  leastDeadlineMs?: number;
}

/** Told how generations go. */
export interface GeneratorListener {
  /** Started, or has more tokens. */
  grew?(generation: Generation): void;
  ended?(generation: Generation, record: RequestRecord): void;
}

interface Running {
  /** The one that goes on now. */
  attempt: Attempt;
  /** Its pipeline has one answer less. */
  done: (tokens?: number) => void;
}

const stopMs = 3000;

export class Generator {
  readonly #components: GeneratorComponents;
  readonly #running = new Map<Generation, Running>();
  readonly #byId = new Map<string, Generation>();
  readonly #attempts: Attempts;
  readonly #listeners = new Set<GeneratorListener>();
  #isDraining = false;

  constructor(components: GeneratorComponents, init: GeneratorInit = {}) {
    this.#components = components;
    const { deployments, servings, registry, logger } = components;
    const { leastDeadlineMs } = init;
    this.#attempts = new Attempts({
      ...{ deployments, servings, registry, leastDeadlineMs, logger },
      weigh: (serving, asked) => this.#weighed(serving, asked),
    });
  }

  /** A pipeline serves from now on. */
  pipelineReady(replica: Replica, pipeline: ReadyPipeline): void {
    this.#components.servings.add(replica, pipeline);
  }

  /** A pipeline that serves has other room for caches, or workers with other names. */
  pipelineUpdated(pipeline: ReadyPipeline): void {
    this.#components.servings.updated(pipeline);
  }

  /** A pipeline is over: answers that run through it go on elsewhere, or in its next epoch. */
  pipelineLost(pipeline: Pipeline, reason: string): void {
    const { id, epoch, stages } = pipeline;
    const serving = this.#components.servings.lost(pipeline);
    if (!serving) return;
    this.#attempts.forget(id);
    const error = new GenerationError('worker_lost', hubText('stopped-here', { reason }), {
      retryAfterSeconds: retryWhileLoadingSeconds,
      workers: stages.filter(({ lost }) => lost !== undefined).map(({ workerName }) => workerName),
    });
    serving.admission.end(error);
    for (const { attempt } of this.#running.values())
      if (attempt.pipeline.id === id && attempt.pipeline.epoch === epoch) attempt.session.abandon(error);
  }

  workerLeft(workerId: WorkerId): void {
    this.#attempts.forget(workerId);
    for (const generation of this.#running.keys()) generation.workerLeft(workerId);
  }

  /** True once the hub is about to stop: it takes no new requests. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** @throws GenerationError where the hub stops: its next run is to be asked */
  mustTakeRequests(): void {
    if (this.#components.servings.isStopped) throw hubStopped();
    if (this.#isDraining) throw hubIsStopping();
  }

  /**
   * The hub is about to stop: it takes no new requests. Resolves when the answers under way have ended, or after the limit.
   * @param limitMs in milliseconds
   */
  async drain(limitMs: number): Promise<void> {
    this.#isDraining = true;
    const { length } = this.running;
    if (length === 0 || limitMs <= 0) return;
    this.#components.logger.info(
      { answers: length, limitMs },
      'the hub stops when the answers under way have ended',
    );
    await this.#allRecorded(limitMs);
  }

  /** The hub stops: answers under way end with an error that says so. Resolves when they are recorded, or after three seconds. */
  async stop(): Promise<void> {
    this.#components.servings.stop();
    for (const generation of this.#running.keys()) generation.stop(hubStopped());
    await this.#allRecorded(stopMs);
  }

  /** Resolves when the answers under way are recorded, or after the limit: one whose reader reads nothing does not end. */
  async #allRecorded(limitMs: number): Promise<void> {
    const recorded = Promise.all(this.running.map((generation) => generation.recorded));
    await Promise.race([recorded, setTimeout(limitMs, undefined, { ref: false })]);
  }

  /** A worker said something about a session. */
  received(workerId: WorkerId, message: SessionMessage): void {
    const session = this.#attempts.received(workerId, message);
    if (!session) return;
    for (const [generation, { attempt }] of this.#running)
      if (attempt.session === session) this.#tell((listener) => listener.grew?.(generation));
  }

  /** @returns a function that ends the listening */
  listen(listener: GeneratorListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sessions that run, and those that wait for room. */
  get load(): { running: number; waiting: number } {
    const waiting = this.#components.servings.waitingCount;
    return { running: this.#running.size - waiting, waiting };
  }

  /** The same for one pipeline. */
  loadOf(pipelineId: PipelineId): { running: number; waiting: number } {
    const waiting = this.#components.servings.find(pipelineId)?.admission.waitingCount ?? 0;
    let all = 0;
    for (const { attempt } of this.#running.values()) if (attempt.pipeline.id === pipelineId) all++;
    return { running: all - waiting, waiting };
  }

  /** How fast a pipeline's last answer was that had it for itself; undefined before the first. */
  lastAnswerOf(pipelineId: PipelineId): MeasuredAnswer | undefined {
    return this.#components.servings.find(pipelineId)?.lastAnswer;
  }

  /** Those that were accepted and are not recorded yet. */
  get running(): Generation[] {
    return [...this.#running.keys()];
  }

  /** Ends a generation early. @returns false if it does not run */
  cancel(id: string): boolean {
    const generation = this.find(id);
    generation?.cancel();
    return generation !== undefined;
  }

  /**
   * Resolves when the model can be asked. Called before the prompt is made, which takes time and may be for nothing.
   * @param share whose request it is
   * @throws GenerationError if the model is not served
   */
  async ready(deployment: Deployment, share: string): Promise<void> {
    await this.#components.servings.whenServed(deployment, share);
  }

  /**
   * Accepts a request. The answer starts when its events are read.
   * @throws GenerationError if the model is not served, the prompt too long, or the queue full
   */
  async start(deployment: Deployment, request: GenerationRequest, signal: AbortSignal): Promise<Generation> {
    const { deployments, servings } = this.#components;
    const { model } = deployment;
    this.mustTakeRequests();
    if (request.suspended) return this.#goOn(deployment, request, request.suspended, signal);
    const { prompt, promptScores } = request;
    const serving = await servings.whenServed(deployment, request.share);
    const { share, cacheSalt } = request;
    const owner = cacheSalt === undefined ? share : JSON.stringify([share, cacheSalt]);
    const systemTokens = cacheSalt === undefined ? (request.systemTokens ?? 0) : 0;
    const asked = { prompt, owner, systemTokens };
    const room = Math.max(...serving.map(({ admission }) => admission.largestSession)) - prompt.length;
    const askedTokens =
      request.mayBeShorter && request.maxTokens !== undefined
        ? Math.max(1, Math.min(request.maxTokens, room))
        : request.maxTokens;
    // What is scored begins with an empty cache.
    const samePromptAs = promptScores === undefined ? request.samePromptAs : undefined;
    const samePromptAt = samePromptAs?.pipeline.id;
    const weighed = this.#weighed(serving, { model, prompt: asked, maxTokens: askedTokens, samePromptAt });
    if (weighed.every(isBusy)) deployments.crowded(model.package.id);
    const { replica, maxTokens } = chooseReplica(weighed, {
      promptTokens: prompt.length,
      maxTokens: askedTokens,
      contextLength: model.package.contextLength,
    });
    const { predicted } = replica;
    const chunkTokens =
      promptScores === undefined
        ? replica.chunkTokens
        : Math.min(replica.chunkTokens, scoredStepTokens(model.package.vocabularySize));
    const id = request.id ?? SessionId.parse(uuidv7());
    // Its client asked twice at once.
    if (this.#byId.has(id)) throw new GenerationError('conflict', `The request ${id} is being answered.`);
    const seed = request.sampling.seed ?? request.seedToDraw ?? randomInt(seedBound);
    const { sampling, stopTokenIds, minTokens, constraint } = howToDraw(request, model.package, seed);
    const init: AnswerInit = {
      ...{ model, share, owner, prompt, maxTokens, stopTokenIds, chunkTokens, sampling, tokens: [] },
      ...{ systemTokens, constraint, minTokens },
      ...(promptScores === undefined ? {} : { scored: new ScoredPrompt(prompt.length, promptScores) }),
    };
    const cacheId = CacheId.parse(randomUUID());
    const sessionId = request.isAnew ? SessionId.parse(uuidv7()) : id;
    const begin: AttemptInit = { id: sessionId, cacheId, answered: [], resumes: false, mayBegin: true };
    const attempt = this.#attempts.begin(replica, init, begin, signal);
    return this.#launch(request, init, attempt, { id, createdAt: Date.now(), predicted });
  }

  /** Goes on with an answer of a former run of the hub. @throws GenerationError where no devices take it within `recoveryMs` */
  async #goOn(
    { model }: Deployment,
    request: GenerationRequest,
    entry: JournalEntry,
    signal: AbortSignal,
  ): Promise<Generation> {
    const { prompt, maxTokens, stopTokenIds, chunkTokens, sampling, constraint, minTokens } = entry;
    const { id, share, cacheOwner: owner, systemTokens, state, tokens, createdAt } = entry;
    const { cachedTokens, cacheId, pauses = [], at } = state;
    const init: AnswerInit = {
      ...{ model, share, owner, prompt, maxTokens, stopTokenIds, chunkTokens, sampling, tokens: [] },
      ...{ systemTokens, constraint, minTokens },
      ...(cachedTokens === undefined ? {} : { cachedTokens }),
    };
    const serving = await this.#attempts.servingAgain(init, tokens.length, undefined, hubWasAway(), signal);
    // The stages know the request's own id as one whose session they have lost.
    const begin: AttemptInit = {
      ...{ id: SessionId.parse(uuidv7()), cacheId, resumes: true, mayBegin: false },
      answered: tokens.map(({ token }) => token),
    };
    const attempt = this.#attempts.begin(serving, init, begin, signal);
    const { replays, lost } = state.recovery;
    const recovery = { ...state.recovery, replays: replays + 1, lost: [...new Set([...lost, 'the hub'])] };
    // It came to a former run: all its times are since then.
    const arrivedAt = performance.now() - Math.max(0, Date.now() - createdAt);
    return this.#launch({ ...request, arrivedAt }, init, attempt, {
      ...{ id, createdAt, predicted: null },
      goesOn: { tokens, recovery, pauses, at },
    });
  }

  /** An answer that was accepted begins. */
  #launch(
    request: GenerationRequest,
    init: AnswerInit,
    attempt: Attempt,
    about: Pick<GenerationInit, 'id' | 'createdAt' | 'predicted' | 'goesOn'>,
  ): Generation {
    const { deployments, record, journal, logger } = this.#components;
    const { model, prompt, maxTokens, chunkTokens, stopTokenIds, minTokens, tokens } = init;
    const running: Running = { attempt, done: () => undefined };
    const state = (): JournalState => ({
      cacheId: running.attempt.cacheId,
      epoch: running.attempt.pipeline.epoch,
      cachedTokens: init.cachedTokens,
      recovery: generation.recovery,
      pauses: [...generation.pauses],
      // While it stands still: since then.
      at: Date.now() - (generation.paused?.forMs ?? 0),
    });
    const generation: Generation = new Generation(
      {
        attempt,
        // What is scored begins with an empty cache.
        samePromptAs: init.scored ? undefined : request.samePromptAs,
        scored: init.scored,
        again: async (lost, error, cancelled) => {
          running.attempt = await this.#attempts.again(init, lost, error, cancelled);
          this.#attempts.ended(lost);
          if (running.attempt.pipeline.id !== lost.pipeline.id) {
            running.done();
            running.done = deployments.use(running.attempt.pipeline.id, prompt.length + maxTokens);
          }
          return running.attempt;
        },
        answer: new Answer({
          decode: (tokens) => model.tokenizer.decode(tokens),
          tokenBytes: (token) => model.tokenizer.tokenBytes(token),
          joinsBytes: model.tokenizer.joinsBytes,
          specialText: (token) => model.tokenizer.specialText(token),
          shownMarks: request.shownMarks,
          stopStrings: request.stopStrings,
          showsStop: request.showsStop,
          minTokens,
          stopTokenIds,
          // Whoever asks for the prompt's tokens counts on one entry for each token.
          tellsEnd: request.promptScores !== undefined,
        }),
        record,
        journal: journal && journalPage(journal, request, init, about, state),
        grew: () => this.#tell((listener) => listener.grew?.(generation)),
        logger,
      },
      {
        ...about,
        model: model.package.id,
        stream: request.stream,
        seed: init.sampling.seed,
        promptTokens: prompt.length,
        maxTokens,
        answersNothing: request.answersNothing ?? false,
        chunkTokens,
        arrivedAt: request.arrivedAt,
        author: request.author,
        isTemporary: request.isTemporary ?? false,
        tokens,
        ...(request.words ? { words: request.words } : {}),
      },
    );
    this.#noteCompany(generation);
    this.#running.set(generation, running);
    this.#byId.set(about.id, generation);
    running.done = deployments.use(running.attempt.pipeline.id, prompt.length + maxTokens);
    void generation.recorded.then((recorded) => {
      this.#running.delete(generation);
      this.#byId.delete(about.id);
      this.#attempts.ended(running.attempt);
      running.done(recorded.completionTokens);
      this.#noteMeasured(generation, recorded);
      this.#tell((listener) => listener.ended?.(generation, recorded));
    });
    this.#tell((listener) => listener.grew?.(generation));
    return generation;
  }

  /**
   * Resolves when a request's record says all that it can say now: at once while it runs, and where its answer is over,
   * when its stages have told their timings.
   */
  async recorded(id: string): Promise<void> {
    const generation = this.find(id);
    if (generation?.isOver) await generation.recorded;
  }

  /** One that was accepted and is not recorded yet. */
  find(id: string): Generation | undefined {
    return this.#byId.get(id);
  }

  #weighed(servings: readonly Serving[], asked: AskedAnswer): WeighedServing[] {
    return weighServings(servings, asked, this.#components.deployments.grid, (id) => this.loadOf(id));
  }

  /** Answers that share a worker wait for each other's steps. */
  #noteCompany(generation: Generation): void {
    const workers = new Set(generation.workerIds);
    for (const other of this.#running.keys()) {
      if (!other.workerIds.some((id) => workers.has(id))) continue;
      other.hasCompany();
      generation.hasCompany();
    }
  }

  #noteMeasured({ hadCompany, pipeline }: Generation, record: RequestRecord): void {
    const serving = this.#components.servings.find(pipeline.id);
    if (serving?.pipeline.epoch !== record.epoch || hadCompany) return;
    const measured = measuredAnswer(record);
    if (measured) serving.lastAnswer = measured;
  }

  #tell(call: (listener: GeneratorListener) => void): void {
    for (const listener of this.#listeners) call(listener);
  }
}
