/** Accepts requests for answers, and leads what workers say to the sessions that it is about. */
import { randomInt } from 'node:crypto';
import { SamplingDescription, SessionId, type FromHubMessage, type WorkerId } from '@potluck/protocol';
import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import type { RequestRecord } from '../database/requestRecord.ts';
import { ModelError } from '../errors.ts';
import type { ChatMessage } from '../models/tokenizer.ts';
import type { Deployment } from '../pipelines/deployment.ts';
import type { Pipeline, ReadyPipeline } from '../pipelines/pipeline.ts';
import type { WorkerMessage, WorkerRegistry } from '../workers/workerRegistry.ts';
import { Admission } from './admission.ts';
import { encodeConversation } from './encodeConversation.ts';
import { Answer } from './answer.ts';
import { Generation } from './generation.ts';
import { GenerationError } from './generationError.ts';
import { Session } from './session.ts';

/** Longest answer where the request does not say, in tokens; less where the context or the caches are smaller. */
const defaultMaxTokens = 4096;
const retryWhileLoadingSeconds = 5;
/** Exclusive bound of drawn seeds; randomInt takes ranges below 2^48. */
const seedBound = 2 ** 47;

export interface ChatRequest {
  messages: ChatMessage[];
  /** Longest answer in tokens; undefined leaves it to the hub. */
  maxTokens?: number;
  stopStrings: string[];
  /** The seed is drawn where there is none. */
  sampling: Omit<Partial<SamplingDescription>, 'choiceIndex'>;
  /** For the record. */
  stream: boolean;
}

export interface GeneratorComponents {
  deployment: Deployment;
  registry: WorkerRegistry;
  record: (record: RequestRecord) => void;
  logger: Logger;
}

export interface GeneratorInit {
  /** Requests that may wait for cache room. Default 64. */
  queueLimit?: number;
}

export class Generator {
  readonly #components: GeneratorComponents;
  readonly #sessions = new Map<SessionId, Session>();
  readonly #generations = new Map<string, Generation>();
  #serving: { pipeline: ReadyPipeline; admission: Admission } | undefined;

  constructor(components: GeneratorComponents, init: GeneratorInit = {}) {
    this.#components = components;
    components.registry.listen({
      message: (worker, message) => this.#received(worker.id, message),
    });
    components.deployment.listen({
      ready: (pipeline) => {
        this.#serving = { pipeline, admission: new Admission(pipeline.stages, init) };
      },
      lost: (pipeline, reason) => this.#lost(pipeline, reason),
    });
  }

  /** Sessions that run, and those that wait for room. */
  get load(): { running: number; waiting: number } {
    const waiting = this.#serving?.admission.waitingCount ?? 0;
    return { running: this.#sessions.size - waiting, waiting };
  }

  /**
   * Accepts a request. The answer starts when its events are read.
   * @throws GenerationError if the model is not served, the conversation too long, or the queue full
   */
  start(request: ChatRequest, signal: AbortSignal): Generation {
    const { deployment, registry, record, logger } = this.#components;
    const { model } = deployment;
    const serving = this.#serving;
    if (!serving) {
      throw new GenerationError(
        deployment.pipeline ? 'model_loading' : 'no_capacity',
        `${model.package.id} is not served yet: ${deployment.missing ?? 'it is being loaded'}.`,
        { retryAfterSeconds: retryWhileLoadingSeconds },
      );
    }
    const { pipeline, admission } = serving;
    const prompt = this.#encode(request.messages);
    const maxTokens = longestAnswer(
      prompt.length,
      Math.min(model.package.contextLength, admission.largestSession),
      request.maxTokens,
    );
    const id = SessionId.parse(uuidv7());
    const seed = request.sampling.seed ?? randomInt(seedBound);
    const sampling = SamplingDescription.parse({ ...request.sampling, seed });
    const { stopTokenIds } = model.package;
    const send = (workerId: WorkerId, message: FromHubMessage): boolean => registry.send(workerId, message);
    const session = new Session(pipeline, send, { id, prompt, maxTokens, stopTokenIds, sampling });
    const { granted } = admission.request(prompt.length + maxTokens, signal);
    const generation = new Generation(
      {
        pipeline,
        admission,
        granted,
        session,
        answer: new Answer({
          decode: (tokens) => model.tokenizer.decode(tokens),
          stopStrings: request.stopStrings,
          stopTokenIds,
        }),
        record,
        logger,
      },
      { id, model: model.package.id, stream: request.stream, seed, promptTokens: prompt.length, maxTokens },
    );
    this.#sessions.set(id, session);
    this.#generations.set(id, generation);
    void generation.recorded.then(() => {
      this.#sessions.delete(id);
      this.#generations.delete(id);
    });
    return generation;
  }

  /**
   * Resolves when a request's record says all that it can say now: at once while it runs, and where its answer is over,
   * when its stages have told their timings.
   */
  async recorded(id: string): Promise<void> {
    const generation = this.#generations.get(id);
    if (generation?.isOver) await generation.recorded;
  }

  #encode(messages: ChatMessage[]): number[] {
    const { tokenizer } = this.#components.deployment.model;
    try {
      return encodeConversation(tokenizer, messages);
    } catch (cause) {
      if (!(cause instanceof ModelError)) throw cause;
      throw new GenerationError('template_refused', cause.message, { cause });
    }
  }

  #received(workerId: WorkerId, message: WorkerMessage): void {
    if (message.type !== 'stage-report') this.#sessions.get(message.sessionId)?.receive(workerId, message);
  }

  #lost(pipeline: Pipeline, reason: string): void {
    const serving = this.#serving;
    if (serving?.pipeline.epoch !== pipeline.epoch) return;
    this.#serving = undefined;
    const error = new GenerationError('worker_lost', `The answer can't go on: ${reason}.`, {
      retryAfterSeconds: retryWhileLoadingSeconds,
    });
    serving.admission.end(error);
    for (const session of this.#sessions.values()) session.abandon(error);
  }
}

/** @throws GenerationError `context_length_exceeded`, in the words that clients look for */
function longestAnswer(promptTokens: number, contextLength: number, asked: number | undefined): number {
  const left = contextLength - promptTokens;
  const wanted = asked ?? Math.max(1, Math.min(left, defaultMaxTokens));
  if (wanted <= left) return wanted;
  throw new GenerationError(
    'context_length_exceeded',
    `This model's maximum context length is ${contextLength} tokens. However, you requested ` +
      `${promptTokens + wanted} tokens (${promptTokens} in the messages, ${wanted} in the completion). ` +
      'Please reduce the length of the messages or completion.',
  );
}
