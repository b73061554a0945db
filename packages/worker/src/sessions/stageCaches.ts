/**
 * The caches of a loaded stage. A session of a later epoch goes on with the cache of an earlier one, whatever assignment of
 * the stage either belongs to: so what a worker computed stays when its neighbours change.
 */
import type { LoadedStage, OpenCache, StepRequest, StepResult } from '@potluck/engine';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import { RetainedBoundaries, type RetainedStep } from './retainedBoundaries.ts';

/** How long a cache stays when its session has failed: the hub needs less to put another worker in a gap, or gives up. */
const leftForMs = 120_000;

interface HeldCache {
  epoch: number;
  /** Tokens that it holds, as far as steps have ended. */
  length: number;
  capacity: number;
  /** Steps that run or are queued. */
  running: Set<Promise<unknown>>;
  /** Ends it; set while no session uses it. */
  expiry: ReturnType<typeof setTimeout> | undefined;
}

/** What a cache begins with. */
export interface OpenedCache {
  /** Tokens that it holds. */
  length: number;
  /** First token whose boundary tensors are retained; `length` where none are. */
  retainedFrom: number;
}

export class StageCaches {
  readonly #stage: LoadedStage;
  readonly #log: Log;
  readonly #retained: RetainedBoundaries;
  readonly #caches = new Map<string, HeldCache>();

  /** @param retainBytes most bytes of boundary tensors to retain, over all caches */
  constructor({ stage, log }: { stage: LoadedStage; log: Log }, { retainBytes }: { retainBytes: number }) {
    this.#stage = stage;
    this.#log = log;
    this.#retained = new RetainedBoundaries(retainBytes);
  }

  /** Bytes of retained boundary tensors. */
  get retainedBytes(): number {
    return this.#retained.bytes;
  }

  /**
   * Opens a cache for a session.
   * @param keep most tokens of the cache of an earlier epoch to go on with; undefined for an empty one
   * @throws NoRoomError; caches that no session uses give way first
   */
  async open(request: OpenCache, keep: number | undefined): Promise<OpenedCache> {
    const { cacheId, epoch } = request;
    const length = keep === undefined ? 0 : await this.#keepUpTo(request, keep);
    if (length === 0 && this.#caches.has(cacheId)) await this.release(cacheId);
    await this.#openWithRoom(request);
    const { capacity } = request;
    const held = this.#caches.get(cacheId) ?? {
      length,
      capacity,
      running: new Set(),
      expiry: undefined,
      epoch,
    };
    held.epoch = epoch;
    this.#caches.set(cacheId, held);
    return { length, retainedFrom: this.#retained.from(cacheId, length) };
  }

  /** Runs a step and retains what it gives to the next stage. @throws as `Stage.step` */
  step(request: StepRequest): Promise<StepResult> {
    const { cacheId, position, length } = request;
    const held = this.#caches.get(cacheId);
    const running = this.#stage.step(request).then((result) => {
      if (this.#caches.get(cacheId) !== held || !held) return result;
      held.length = position + length;
      if (result.boundary) {
        this.#retained.keep(cacheId, { position, length, tensors: result.boundary });
      }
      return result;
    });
    if (held) {
      const settled: Promise<unknown> = running.then(
        () => held.running.delete(settled),
        () => held.running.delete(settled),
      );
      held.running.add(settled);
    }
    return running;
  }

  /**
   * Cuts an open cache back to `length` tokens.
   * @throws CacheMissError, TruncateError where the stage can't
   */
  async cut(cacheId: string, length: number): Promise<void> {
    const held = this.#caches.get(cacheId);
    await this.#stage.truncate(cacheId, length);
    if (held) held.length = length;
    this.#retained.cut(cacheId, length);
  }

  /** The steps that gave the next stage the tokens [from, to); undefined where they are not retained. */
  retained(cacheId: string, from: number, to: number): RetainedStep[] | undefined {
    return this.#retained.steps(cacheId, from, to);
  }

  /** Its session of this epoch is over, but a later one may go on with it. */
  leave(cacheId: string, epoch: number): void {
    const held = this.#caches.get(cacheId);
    if (!held || held.epoch !== epoch) return;
    clearTimeout(held.expiry);
    held.expiry = setTimeout(() => void this.release(cacheId), leftForMs);
    unref(held.expiry);
  }

  /**
   * Gives a cache's room back. Never rejects.
   * @param epoch of the session that lets go of it: nothing happens where a later one uses it; missing: whoever uses it
   */
  async release(cacheId: string, epoch?: number): Promise<void> {
    const held = this.#caches.get(cacheId);
    if (held && epoch !== undefined && held.epoch !== epoch) return;
    clearTimeout(held?.expiry);
    this.#caches.delete(cacheId);
    this.#retained.forget(cacheId);
    try {
      await this.#stage.release(cacheId);
    } catch (error) {
      this.#log.warn({ cacheId, error: messageOf(error) }, 'could not release a cache');
    }
  }

  /** The stage is being unloaded. */
  dispose(): void {
    for (const { expiry } of this.#caches.values()) clearTimeout(expiry);
    this.#caches.clear();
  }

  /** @returns the tokens that the cache of an earlier epoch goes on with; 0 where there is none or it can't be cut back */
  async #keepUpTo({ cacheId, epoch, capacity }: OpenCache, keep: number): Promise<number> {
    const held = this.#caches.get(cacheId);
    if (!held || held.epoch >= epoch || capacity > held.capacity) return 0;
    clearTimeout(held.expiry);
    held.expiry = undefined;
    // Nobody waits for these steps any more, but what they compute is right: the next stage may need it.
    await Promise.all(held.running);
    if (this.#caches.get(cacheId) !== held) return 0;
    if (held.length <= keep) return held.length;
    try {
      await this.cut(cacheId, keep);
      return keep;
    } catch {
      return 0;
    }
  }

  async #openWithRoom(request: OpenCache): Promise<void> {
    for (;;) {
      try {
        await this.#stage.open(request);
        return;
      } catch (error) {
        const isFull = (error as { code?: unknown }).code === 'no-room';
        const left = isFull ? [...this.#caches].find(([, { expiry }]) => expiry !== undefined) : undefined;
        if (!left) throw error;
        await this.release(left[0]);
      }
    }
  }
}

/** In Node a timer that is only for tidiness keeps the process from ending. */
function unref(timer: unknown): void {
  (timer as { unref?: () => void }).unref?.();
}
