/** Attempts at answers: each is a session at the stages of one pipeline, in one epoch, with room in its caches. */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { CacheId, SessionId, type PipelineId, type WorkerId } from '@potluck/protocol';
import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import type { Model } from '../models/model.ts';
import type { Deployments } from '../pipelines/deployments.ts';
import { plainRouteOf, type ReadyPipeline } from '../pipelines/pipeline.ts';
import type { SessionMessage, WorkerRegistry } from '../workers/workerRegistry.ts';
import type { Attempt } from './attempt.ts';
import type { GenerationError } from './generationError.ts';
import { otherShapes } from './otherShapes.ts';
import { SessionCache } from './prefixes/sessionCache.ts';
import { ProgressBook } from './progressBook.ts';
import type { ScoredPrompt } from './scoredPrompt.ts';
import type { Serving, Servings } from './servings.ts';
import { Session } from './session.ts';
import type { SessionInit } from './sessionInit.ts';
import { shortestWait } from './shortestWait.ts';
import type { AskedAnswer, WeighedServing } from './weighServings.ts';

export interface AttemptsComponents {
  deployments: Pick<Deployments, 'suspect'>;
  servings: Servings;
  registry: Pick<WorkerRegistry, 'send' | 'doubt'>;
  /** What decides between replicas, as things are now. */
  weigh: (servings: readonly Serving[], asked: AskedAnswer) => WeighedServing[];
  /** Shortest time after which an answer that stands still is given up, in milliseconds; undefined leaves it to the session. */
  leastDeadlineMs: number | undefined;
  logger: Logger;
}

/** What all attempts at an answer have in common. */
export interface AnswerInit extends Pick<
  SessionInit,
  'prompt' | 'maxTokens' | 'stopTokenIds' | 'chunkTokens' | 'sampling' | 'constraint'
> {
  model: Model;
  /** Whose request it is. */
  share: string;
  /** With whom it shares caches. */
  owner: string;
  systemTokens: number;
  /** Shortest answer in tokens. */
  minTokens: number;
  /** The answer's tokens so far. */
  tokens: number[];
  /** Tokens that a kept cache held when the first attempt began. */
  cachedTokens?: number;
  /** Where it is wanted how likely the prompt's tokens are. */
  scored?: ScoredPrompt | undefined;
}

/** What is an attempt's own. */
export interface AttemptInit extends Pick<SessionInit, 'id' | 'cacheId' | 'answered' | 'resumes'> {
  /** Whether it may begin with a kept cache. */
  mayBegin: boolean;
}

/** Before an answer is tried again on devices that have just failed it. */
const sameEpochPauseMs = 200;

export class Attempts {
  readonly #components: AttemptsComponents;
  readonly #sessions = new Map<SessionId, Session>();
  readonly #progress = new ProgressBook();

  constructor(components: AttemptsComponents) {
    this.#components = components;
  }

  /** How fast a pipeline or a worker that is gone went on is forgotten. */
  forget(id: PipelineId | WorkerId): void {
    this.#progress.forget(id);
  }

  /** A worker said something about a session. @returns the session where all its stages have read more of its prompt by that */
  received(workerId: WorkerId, message: SessionMessage): Session | undefined {
    const session = this.#sessions.get(message.sessionId);
    const before = session?.hasToken ? undefined : session?.promptTokensRead;
    session?.receive(workerId, message);
    // Only while the prompt is read.
    return before === undefined || session?.promptTokensRead === before ? undefined : session;
  }

  /** What workers still say of it is dropped. */
  ended({ session }: Attempt): void {
    this.#sessions.delete(session.id);
  }

  /** Begins one. @param signal aborted when nobody wants the answer any more */
  begin(
    { pipeline, admission, kept }: Serving,
    init: AnswerInit,
    own: AttemptInit,
    signal: AbortSignal,
  ): Attempt {
    const { registry, deployments, logger, leastDeadlineMs } = this.#components;
    const { prompt, stopTokenIds, chunkTokens, sampling, share, owner, systemTokens, tokens, scored } = init;
    const scores = scored?.isComplete === false;
    const maxTokens = Math.min(init.maxTokens, admission.largestSession - prompt.length);
    if (maxTokens < init.maxTokens)
      logger.warn(
        { request: own.id, route: plainRouteOf(pipeline.stages), maxTokens },
        `the answer ends after ${maxTokens} tokens at most: its devices now have no room for more`,
      );
    const cached = { cacheId: own.cacheId, owner, prompt, answer: tokens, systemTokens };
    // An answer's steps are the same in all attempts, and so is where they begin anew.
    const isFirst = own.answered.length === 0 && init.cachedTokens === undefined && own.mayBegin;
    const cache = new SessionCache(kept, cached, {
      mayBegin: isFirst && !scored,
      // Its steps are others than those of prompts that nobody scores.
      isShared: !scored,
      begins: (length) => (init.cachedTokens = length),
    });
    const goesOn = own.resumes || !own.mayBegin;
    const room = admission.request(prompt.length + maxTokens, share, signal, goesOn);
    const session = new Session(
      {
        pipeline,
        send: (workerId, message) => registry.send(workerId, message),
        doubt: (workerIds) => workerIds.forEach((id) => registry.doubt(id)),
        onSilent: (workerIds) => deployments.suspect(pipeline.id, workerIds, pipeline.epoch),
        progress: this.#progress,
        prefix: cache,
      },
      {
        ...{ ...own, prompt, maxTokens, stopTokenIds, chunkTokens, sampling, scored },
        resumes: own.resumes && !scores,
        constraint: init.constraint,
        cachedTokens: init.cachedTokens,
        leastDeadlineMs,
      },
    );
    this.#sessions.set(own.id, session);
    return { pipeline, cacheId: own.cacheId, room, session, cache };
  }

  /**
   * Goes on with an answer in the pipeline's next epoch, whose stages may still have the caches, or in another replica.
   * @throws GenerationError where no devices take it within `recoveryMs`
   */
  async again(
    init: AnswerInit,
    lost: Attempt,
    error: GenerationError,
    signal: AbortSignal,
  ): Promise<Attempt> {
    const { id: lostId, epoch } = lost.pipeline;
    const serving = await this.servingAgain(init, init.tokens.length, lost.pipeline, error, signal);
    const isSameEpoch = serving.pipeline.id === lostId && serving.pipeline.epoch === epoch;
    const others = otherShapes(lost.pipeline.stages, serving.pipeline.stages);
    if (others.length > 0)
      this.#components.logger.warn(
        { devices: others, tokens: init.tokens.length },
        'the answer goes on with devices that round otherwise: its words may differ from here on',
      );
    // What failed though all devices are here: nothing that they have is trusted, and not at once.
    if (isSameEpoch) await Promise.all([lost.session.close(), setTimeout(sameEpochPauseMs)]);
    const begin: AttemptInit = {
      mayBegin: !isSameEpoch,
      id: SessionId.parse(uuidv7()),
      cacheId: isSameEpoch ? CacheId.parse(randomUUID()) : lost.cacheId,
      answered: [...init.tokens],
      resumes: !isSameEpoch,
    };
    return this.begin(serving, init, begin, signal);
  }

  /**
   * Waits until a replica serves that has room for an answer whose pipeline was lost.
   * @param answered tokens of the answer so far
   * @throws GenerationError where none does within `recoveryMs`
   */
  servingAgain(
    { model, prompt, maxTokens, owner, systemTokens }: AnswerInit,
    answered: number,
    pipeline: ReadyPipeline | undefined,
    error: GenerationError,
    signal: AbortSignal,
  ): Promise<Serving> {
    const asked = { prompt, owner, systemTokens };
    const lost = { model, promptTokens: prompt.length, maxTokens, answered, pipeline };
    const { servings, weigh } = this.#components;
    return servings.again(lost, error, signal, (roomy) =>
      shortestWait(weigh(roomy, { model, prompt: asked, maxTokens })),
    );
  }
}
