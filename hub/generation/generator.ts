/** Accepts requests for answers, and leads what workers say to the sessions that it is about. */
import { randomInt } from 'node:crypto';
import {
  SamplingDescription,
  SessionId,
  type FromHubMessage,
  type PipelineId,
  type WorkerId,
} from '@potluck/protocol';
import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import type { RequestAuthor, RequestRecord } from './requestRecord.ts';
import { EncodingError } from '../models/encoding/encodingError.ts';
import { ModelError } from '../models/modelError.ts';
import { charactersOf, type ChatMessage } from '../models/tokenizer.ts';
import type { Model } from '../models/model.ts';
import { missingOf, type Deployment, type Replica } from '../pipelines/deployment.ts';
import { tokenTime } from '../placement/prediction/tokenTime.ts';
import type { Deployments } from '../pipelines/deployments.ts';
import { routeOf, type Pipeline, type ReadyPipeline } from '../pipelines/pipeline.ts';
import { chunkTokensOf } from '../placement/promptChunks.ts';
import type { WorkerMessage, WorkerRegistry } from '../workers/workerRegistry.ts';
import { Admission } from './admission.ts';
import { chooseReplica, contextLengthExceeded, type RoomyReplica } from './answerRoom.ts';
import { encodeConversation } from './encodeConversation.ts';
import { Answer } from './answer.ts';
import { Generation } from './generation.ts';
import { GenerationError, retryWhileLoadingSeconds } from './generationError.ts';
import { ProgressBook } from './progressBook.ts';
import { Session } from './session.ts';

/** Exclusive bound of drawn seeds; randomInt takes ranges below 2^48. */
const seedBound = 2 ** 47;

export interface ChatRequest {
  messages: ChatMessage[];
  /** Longest answer in tokens; undefined leaves it to the hub. */
  maxTokens?: number;
  stopStrings: string[];
  /** Further variables of the chat template. */
  templateVariables?: Record<string, unknown>;
  /** The seed is drawn where there is none. */
  sampling: Omit<Partial<SamplingDescription>, 'choiceIndex'>;
  /** For the record. */
  stream: boolean;
  /** Who shares the hub with others: each share gets its turn, however many requests the others have. */
  share: string;
  /** For the record. */
  author: RequestAuthor;
  /** True where prompt and answer are kept with the request. */
  keepWords: boolean;
}

export interface GeneratorComponents {
  deployments: Deployments;
  registry: WorkerRegistry;
  record: (record: RequestRecord) => void;
  logger: Logger;
}

export interface GeneratorInit {
  /** Requests that may wait for cache room of one pipeline. Default 128. */
  queueLimit?: number;
  /** Shortest time after which an answer that stands still is given up, in milliseconds. Default 30,000. */
  leastDeadlineMs?: number;
}

/** Told how generations go. */
export interface GeneratorListener {
  /** Started, or has more tokens. */
  grew?(generation: Generation): void;
  ended?(generation: Generation, record: RequestRecord): void;
}

/** A pipeline that serves, and its cache room. */
interface Serving {
  pipeline: ReadyPipeline;
  admission: Admission;
  /** In which it runs prompts. */
  chunkTokens: number;
}

interface Running {
  generation: Generation;
  session: Session;
  pipelineId: PipelineId;
}

export class Generator {
  readonly #components: GeneratorComponents;
  readonly #running = new Map<SessionId, Running>();
  readonly #serving = new Map<PipelineId, Serving>();
  readonly #listeners = new Set<GeneratorListener>();
  readonly #progress = new ProgressBook();
  readonly #init: GeneratorInit;

  constructor(components: GeneratorComponents, init: GeneratorInit = {}) {
    this.#components = components;
    this.#init = init;
  }

  /** A pipeline serves from now on. */
  pipelineReady({ id }: Replica, pipeline: ReadyPipeline): void {
    const chunkTokens = chunkTokensOf(pipeline.stages);
    const admission = new Admission(pipeline.stages, this.#init);
    this.#serving.set(id, { pipeline, admission, chunkTokens });
    this.#components.logger.info(
      { route: routeOf(pipeline.stages), chunkTokens },
      `prompts run in chunks of at most ${chunkTokens} tokens`,
    );
  }

  /** A pipeline is over: answers that run through it end. */
  pipelineLost({ id, epoch }: Pipeline, reason: string): void {
    const serving = this.#serving.get(id);
    if (serving?.pipeline.epoch !== epoch) return;
    this.#serving.delete(id);
    this.#progress.forget(id);
    const error = new GenerationError('worker_lost', `The answer can't go on: ${reason}.`, {
      retryAfterSeconds: retryWhileLoadingSeconds,
    });
    serving.admission.end(error);
    for (const running of this.#running.values())
      if (running.pipelineId === id) running.session.abandon(error);
  }

  workerLeft(workerId: WorkerId): void {
    this.#progress.forget(workerId);
  }

  /** A worker said something about a session. */
  received(workerId: WorkerId, message: Exclude<WorkerMessage, { type: 'stage-report' }>): void {
    this.#running.get(message.sessionId)?.session.receive(workerId, message);
  }

  /** @returns a function that ends the listening */
  listen(listener: GeneratorListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sessions that run, and those that wait for room. */
  get load(): { running: number; waiting: number } {
    const waiting = [...this.#serving.values()].reduce((sum, one) => sum + one.admission.waitingCount, 0);
    return { running: this.#running.size - waiting, waiting };
  }

  /** The same for one pipeline. */
  loadOf(pipelineId: PipelineId): { running: number; waiting: number } {
    const waiting = this.#serving.get(pipelineId)?.admission.waitingCount ?? 0;
    const all = [...this.#running.values()].filter((one) => one.pipelineId === pipelineId).length;
    return { running: all - waiting, waiting };
  }

  /** Those that were accepted and are not recorded yet. */
  get running(): Generation[] {
    return [...this.#running.values()].map(({ generation }) => generation);
  }

  /** Ends a generation early. @returns false if it does not run */
  cancel(id: string): boolean {
    const running = this.#running.get(id as SessionId);
    running?.generation.cancel();
    return running !== undefined;
  }

  /** Waits while the model moves to workers that have loaded it already, which takes a moment. */
  async #settled({ model }: Deployment): Promise<Deployment> {
    const { deployments } = this.#components;
    for (;;) {
      const deployment = deployments.find(model.package.id);
      if (deployment?.model !== model) throw notServed(model, 'it was undeployed or added again');
      const { replicas } = deployment;
      const moving = replicas.find(({ isMoving }) => isMoving);
      const isServed = replicas.some(({ id, retiring }) => this.#serving.has(id) && retiring === undefined);
      if (!moving || isServed) return deployment;
      await deployments.moved(moving.id);
    }
  }

  /**
   * Accepts a request. The answer starts when its events are read.
   * @throws GenerationError if the model is not served, the conversation too long, or the queue full
   */
  async start(deployment: Deployment, request: ChatRequest, signal: AbortSignal): Promise<Generation> {
    const { registry, deployments, record, logger } = this.#components;
    const { model } = deployment;
    this.#servingOf(await this.#settled(deployment));
    const prompt = await encode(model, request, signal);
    // Meanwhile another may serve it.
    const tokens = prompt.length + (request.maxTokens ?? 0);
    const serving = this.#servingOf(await this.#settled(deployment));
    const { replica, maxTokens } = chooseReplica(this.#weighed(serving, model, tokens), {
      promptTokens: prompt.length,
      maxTokens: request.maxTokens,
      contextLength: model.package.contextLength,
    });
    const { pipeline, admission, chunkTokens } = replica;
    const pipelineId = pipeline.id;
    const id = SessionId.parse(uuidv7());
    const seed = request.sampling.seed ?? randomInt(seedBound);
    const sampling = SamplingDescription.parse({ ...request.sampling, seed });
    const { stopTokenIds } = model.package;
    const send = (workerId: WorkerId, message: FromHubMessage): boolean => registry.send(workerId, message);
    const onSilent = (workerIds: WorkerId[]): void =>
      deployments.suspect(pipelineId, workerIds, pipeline.epoch);
    const session = new Session(
      { pipeline, send, onSilent, progress: this.#progress },
      {
        ...{ id, prompt, maxTokens, stopTokenIds, chunkTokens, sampling },
        leastDeadlineMs: this.#init.leastDeadlineMs,
      },
    );
    const room = admission.request(prompt.length + maxTokens, request.share, signal);
    const generation: Generation = new Generation(
      {
        pipeline,
        room,
        session,
        answer: new Answer({
          decode: (tokens) => model.tokenizer.decode(tokens),
          specialText: (token) => model.tokenizer.specialText(token),
          stopStrings: request.stopStrings,
          stopTokenIds,
        }),
        record,
        grew: () => this.#tell((listener) => listener.grew?.(generation)),
        logger,
      },
      {
        id,
        model: model.package.id,
        stream: request.stream,
        seed,
        promptTokens: prompt.length,
        maxTokens,
        chunkTokens,
        author: request.author,
        ...(request.keepWords ? { words: request.messages } : {}),
      },
    );
    this.#running.set(id, { generation, session, pipelineId });
    const done = deployments.use(pipelineId);
    void generation.recorded.then((recorded) => {
      this.#running.delete(id);
      done();
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
    const generation = this.#running.get(id as SessionId)?.generation;
    if (generation?.isOver) await generation.recorded;
  }

  /**
   * The replicas that take answers, at least one.
   * @throws GenerationError where none does
   */
  #servingOf(deployment: Deployment): Serving[] {
    const { replicas, model } = deployment;
    const serving = replicas.flatMap(({ id, retiring }) => {
      const one = this.#serving.get(id);
      return one && retiring === undefined ? [one] : [];
    });
    if (serving.length > 0) return serving;
    const moving = replicas.find(({ retiring }) => retiring !== undefined)?.retiring;
    const why = moving === undefined ? missingOf(deployment) : `it moves to other workers (${moving})`;
    throw notServed(model, why, replicas);
  }

  /** The same replicas with what decides between them. @param tokens that are to have room at once */
  #weighed(serving: readonly Serving[], model: Model, tokens: number): (Serving & RoomyReplica)[] {
    const { grid } = this.#components.deployments;
    return serving.map((one) => {
      const { id, stages } = one.pipeline;
      const isHere = stages.every(({ workerId }) => grid.workers.has(workerId));
      const tokenMs = isHere ? tokenTime(model.package, stages, grid).milliseconds : Infinity;
      const { largestSession } = one.admission;
      return { ...one, ...this.loadOf(id), tokenMs, largestSession, hasRoom: one.admission.hasRoom(tokens) };
    });
  }

  #tell(call: (listener: GeneratorListener) => void): void {
    for (const listener of [...this.#listeners]) call(listener);
  }
}

function notServed(
  { package: { id } }: Model,
  why = 'it is being loaded',
  replicas: readonly Replica[] = [],
): GenerationError {
  return new GenerationError(
    replicas.some(({ pipeline }) => pipeline) ? 'model_loading' : 'no_capacity',
    `${id} is not served yet: ${why}.`,
    { retryAfterSeconds: retryWhileLoadingSeconds },
  );
}

async function encode(
  { tokenizer, package: { contextLength } }: Model,
  { messages, templateVariables, share }: ChatRequest,
  signal: AbortSignal,
): Promise<number[]> {
  // What can't fit however it is tokenized need not be.
  const leastTokens = Math.max(
    messages.length,
    Math.ceil(charactersOf(messages) / tokenizer.longestTokenLength),
  );
  if (leastTokens > contextLength) {
    throw contextLengthExceeded(contextLength, `at least ${leastTokens} tokens in the messages`);
  }
  try {
    const variables = templateVariables ? { variables: templateVariables } : {};
    return await encodeConversation(tokenizer, messages, { ...variables, share, signal });
  } catch (cause) {
    if (signal.aborted) throw new GenerationError('cancelled', 'the request was cancelled', { cause });
    if (cause instanceof ModelError) throw new GenerationError('template_refused', cause.message, { cause });
    if (cause instanceof EncodingError)
      throw new GenerationError('messages_unreadable', cause.message, { cause });
    throw cause;
  }
}
