/** Which pipelines take requests, and the wait for devices where none does. */
import type { MeasuredAnswer } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { PipelineId } from '@potluck/protocol';
import type { Logger } from 'pino';
import type { Model } from '../models/model.ts';
import { missingOf, type Deployment, type Replica } from '../pipelines/deployment.ts';
import type { Deployments } from '../pipelines/deployments.ts';
import { plainRouteOf, type Pipeline, type ReadyPipeline } from '../pipelines/pipeline.ts';
import { chunkTokensOf } from '../placement/promptChunks.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import { Admission } from './admission.ts';
import type { GenerationError } from './generationError.ts';
import { KeptCaches } from './prefixes/keptCaches.ts';
import { mustHavePlace } from './mustHavePlace.ts';
import { hubStopped, noLongerServed, notRecovered, notServed } from './whyNotAnswered.ts';

/** A pipeline that serves, and its cache room. */
export interface Serving {
  pipeline: ReadyPipeline;
  admission: Admission;
  /** In which it runs prompts. */
  chunkTokens: number;
  /** Caches that prompts may begin with. */
  kept: KeptCaches;
  /** The last one that had it for itself. */
  lastAnswer?: MeasuredAnswer;
}

export interface ServingsComponents {
  deployments: Pick<Deployments, 'find' | 'moved' | 'nextChange' | 'isStopped'>;
  registry: Pick<WorkerRegistry, 'send'>;
  logger: Logger;
}

export interface ServingsInit {
  /** Requests that may wait for cache room of one pipeline, asked at each request. Default 128. */
  queueLimit?: () => number;
  /** How long requests whose devices were lost wait for others, in milliseconds. Default 60,000. */
  recoveryMs?: number;
  /** How much of that an answer waits for room for all of it, before less room does. Default 5,000; at most half of `recoveryMs`. */
  roomPatienceMs?: number;
}

/** An answer whose devices were lost. */
export interface LostAnswer {
  model: Model;
  promptTokens: number;
  /** Longest answer in tokens. */
  maxTokens: number;
  /** Tokens of the answer so far. */
  answered: number;
  /** Where it ran; undefined in a former run of the hub. */
  pipeline: ReadyPipeline | undefined;
}

const defaultRecoveryMs = 60_000;
/** So soon after a restart of the hub its devices are back, in milliseconds. */
const devicesBackMs = 15_000;
const defaultRoomPatienceMs = 5000;
/** Requests that wait at once for devices in the place of lost ones. */
const mostWaiting = 128;

export class Servings {
  readonly #components: ServingsComponents;
  readonly #init: ServingsInit;
  readonly #serving = new Map<PipelineId, Serving>();
  readonly #stopping = new AbortController();
  /** When pipelines that served were lost, by `performance.now()`, until they serve again. */
  readonly #lostAt = new Map<PipelineId, number>();
  /** When models began to come back that the last run of the hub served, by `performance.now()`. */
  readonly #comesBackSince = new Map<string, number>();
  /** Requests that wait for a pipeline that was lost, by whose they are. */
  readonly #waiting = new Map<string, number>();

  constructor(components: ServingsComponents, init: ServingsInit = {}) {
    this.#components = components;
    this.#init = init;
  }

  get #recoveryMs(): number {
    return this.#init.recoveryMs ?? defaultRecoveryMs;
  }

  /** A pipeline serves from now on. */
  add({ id }: Replica, pipeline: ReadyPipeline): void {
    const { registry, logger } = this.#components;
    const chunkTokens = chunkTokensOf(pipeline.stages);
    const admission = new Admission(pipeline.stages, this.#init);
    const kept = new KeptCaches(
      {
        stages: pipeline.stages,
        admission,
        send: (workerId, message) => registry.send(workerId, message),
      },
      { chunkTokens },
    );
    this.#lostAt.delete(id);
    this.#serving.set(id, { pipeline, admission, chunkTokens, kept });
    logger.info(
      { route: plainRouteOf(pipeline.stages), chunkTokens },
      `prompts run in chunks of at most ${chunkTokens} tokens`,
    );
  }

  /** The last run of the hub served it: its devices are about to come back, and requests wait for them. */
  comesBack(model: string): void {
    this.#comesBackSince.set(model, performance.now());
  }

  /** A pipeline that serves has workers with other names, or other room for caches: who waits for some may have it now. */
  updated(pipeline: ReadyPipeline): void {
    const serving = this.#serving.get(pipeline.id);
    if (serving?.pipeline.epoch !== pipeline.epoch) return;
    serving.pipeline = pipeline;
    serving.admission.resize(pipeline.stages);
  }

  /** A pipeline is over. @returns what it was; undefined where it is another epoch that serves, or none */
  lost({ id, epoch }: Pick<Pipeline, 'id' | 'epoch'>): Serving | undefined {
    const serving = this.#serving.get(id);
    if (serving?.pipeline.epoch !== epoch) return undefined;
    this.#serving.delete(id);
    const now = performance.now();
    for (const [other, at] of this.#lostAt) if (now - at > this.#recoveryMs) this.#lostAt.delete(other);
    this.#lostAt.set(id, now);
    return serving;
  }

  find(id: PipelineId): Serving | undefined {
    return this.#serving.get(id);
  }

  /** Requests that wait for cache room. */
  get waitingCount(): number {
    return [...this.#serving.values()].reduce((sum, { admission }) => sum + admission.waitingCount, 0);
  }

  /** The hub stops: nobody waits for devices any more. */
  stop(): void {
    this.#stopping.abort();
  }

  get isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /**
   * Waits while the model moves to workers that have loaded it already, which takes a moment, and while others take the place of
   * devices that were lost, as the answers do that these had.
   * @param share whose request it is
   * @returns the replicas that take requests, at least one
   * @throws GenerationError where none does
   */
  async whenServed({ model }: Deployment, share: string): Promise<Serving[]> {
    const { deployments } = this.#components;
    let leave: (() => void) | undefined;
    try {
      for (;;) {
        const deployment = deployments.find(model.package.id);
        if (deployment?.model !== model) throw notServed(model, 'it was undeployed or replaced');
        const serving = this.#takingRequests(deployment);
        if (serving.length > 0) return serving;
        const moving = deployment.replicas.find(({ isMoving }) => isMoving);
        if (moving) {
          await deployments.moved(moving.id);
          continue;
        }
        const leftMs = this.#recoversFor(deployment);
        if (leftMs <= 0 || this.isStopped) throw isNotServed(deployment);
        leave ??= this.#enter(share);
        const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(Math.ceil(leftMs))]);
        await deployments.nextChange({ signal });
      }
    } finally {
      leave?.();
    }
  }

  /**
   * How long what served may still take until it is put together again, in milliseconds; 0 or less where nothing is. After a
   * restart of the hub, devices come back first.
   */
  #recoversFor({ model, replicas }: Deployment): number {
    const now = performance.now();
    const lostAt = replicas.map(({ id, pipeline }) => (pipeline && this.#lostAt.get(id)) ?? -Infinity);
    const isPrepared = replicas.some(({ pipeline }) => pipeline !== undefined);
    const since = this.#comesBackSince.get(model.package.id) ?? -Infinity;
    const backMs = isPrepared ? this.#recoveryMs : Math.min(devicesBackMs, this.#recoveryMs);
    return Math.max(Math.max(...lostAt) + this.#recoveryMs, since + backMs) - now;
  }

  /** One more request waits. @returns what ends that @throws GenerationError where too many do */
  #enter(share: string): () => void {
    const own = this.#waiting.get(share) ?? 0;
    const all = [...this.#waiting.values()].reduce((sum, count) => sum + count, 0);
    mustHavePlace({ all, own, forDevices: true }, mostWaiting);
    this.#waiting.set(share, own + 1);
    return () => {
      const others = (this.#waiting.get(share) ?? 1) - 1;
      if (others > 0) this.#waiting.set(share, others);
      else this.#waiting.delete(share);
    };
  }

  /**
   * Waits until a replica serves that has room for an answer whose pipeline was lost: the same one, or another. After a few
   * seconds, room for what the answer has and some more does: its end is then that of the room.
   * @param choose one of those that have room; undefined of none
   * @throws GenerationError
   */
  async again(
    { model, promptTokens, maxTokens, answered, pipeline: lost }: LostAnswer,
    error: GenerationError,
    signal: AbortSignal,
    choose: (roomy: Serving[]) => Serving | undefined,
  ): Promise<Serving> {
    const { deployments } = this.#components;
    const { roomPatienceMs = defaultRoomPatienceMs } = this.#init;
    const stopping = AbortSignal.any([signal, this.#stopping.signal]);
    const over = AbortSignal.any([stopping, AbortSignal.timeout(this.#recoveryMs)]);
    const impatient = AbortSignal.timeout(Math.floor(Math.min(roomPatienceMs, this.#recoveryMs / 2)));
    const had = promptTokens + answered;
    for (;;) {
      const deployment = deployments.find(model.package.id);
      if (this.isStopped || deployments.isStopped) throw hubStopped(error);
      if (signal.aborted) throw error;
      if (deployment?.model !== model) throw noLongerServed(model, deployment, error);
      const serving = this.#takingRequests(deployment);
      const mostTokens = Math.max(...serving.map(({ admission }) => admission.largestSession));
      const tokens = promptTokens + maxTokens;
      const least = impatient.aborted && mostTokens > had ? Math.min(tokens, mostTokens) : tokens;
      const roomy = serving.filter(({ admission }) => admission.largestSession >= least);
      const next = roomy.find(({ pipeline }) => pipeline.id === lost?.id) ?? choose(roomy);
      if (next) return next;
      if (over.aborted) {
        const room = serving.length > 0 ? { mostTokens, tokens: had } : undefined;
        throw notRecovered(error, deployment, this.#recoveryMs, room);
      }
      await deployments.nextChange({ signal: impatient.aborted ? over : AbortSignal.any([over, impatient]) });
    }
  }

  #takingRequests({ replicas }: Deployment): Serving[] {
    return replicas.flatMap(({ id, retiring }) => {
      const one = this.#serving.get(id);
      return one && retiring === undefined ? [one] : [];
    });
  }
}

function isNotServed(deployment: Deployment): GenerationError {
  const { replicas, model } = deployment;
  const moving = replicas.find(({ retiring }) => retiring !== undefined)?.retiring;
  const why = moving === undefined ? missingOf(deployment) : hubText('moves-because', { reason: moving });
  return notServed(model, why, replicas);
}
