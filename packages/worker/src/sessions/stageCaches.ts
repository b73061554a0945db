/**
 * The caches of a loaded stage. A session of a later epoch goes on with the cache of an earlier one, whatever assignment of
 * the stage either belongs to: so what a worker computed stays when its neighbours change. A cache whose session is over may be
 * kept, for sessions whose prompts begin with the same tokens.
 */
import type { CacheStart, LoadedStage, OpenCache, StepRequest, StepResult } from '@potluck/engine';
import { sessionErrorCodeOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import { unref } from '../unref.ts';
import { partSteps } from './joinSteps.ts';
import { RetainedBoundaries, type RetainedStep } from './retainedBoundaries.ts';

/** How long a cache stays when its session has failed: the hub needs less to put another worker in a gap, or gives up. */
const leftForMs = 120_000;

/** How long a cache is kept that no session begins with. The hub forgets it sooner (`keptForMs` of hub/generation/prefixes). */
const keptForMs = 45 * 60_000;
/** What the stage knows a kept cache by: the session's own id may be in use again. */
const keptMark = ' kept';

/** True for what a stage knows caches by that were kept after the end of their sessions. */
export const isKeptCache = (cacheId: string): boolean => cacheId.endsWith(keptMark);

interface HeldCache {
  epoch: number;
  /** Tokens that it holds, as far as steps have ended. */
  length: number;
  capacity: number;
  promptLength: number;
  /** Steps that run or are queued. */
  running: Set<Promise<unknown>>;
  /** Ends it; set while no session uses it. */
  expiry: ReturnType<typeof setTimeout> | undefined;
}

/** What a session's cache may begin with; empty where there is none of it. */
export interface CacheBeginning {
  /** Most tokens of the cache with its id that an earlier epoch left. */
  keep?: number | undefined;
  /** Tokens of another cache. */
  from?: CacheStart | undefined;
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
  /** Caches of sessions that are over, longest kept first, with what ends them. */
  readonly #kept = new Map<string, ReturnType<typeof setTimeout>>();
  /** Caches that are about to be kept. */
  readonly #keeping = new Map<string, Promise<boolean>>();

  /** @param retainBytes most bytes of boundary tensors to retain, over all caches, until `resize` */
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
   * From now on caches and boundary tensors may take so much. What sessions use stays; kept caches that have no room any more go.
   * @param room in bytes
   */
  async resize({ cacheBytes, retainBytes }: { cacheBytes: number; retainBytes: number }): Promise<void> {
    this.#retained.resize(retainBytes);
    await this.#stage.resize(cacheBytes);
    for (const cacheId of [...this.#kept.keys()]) {
      const { reservedBytes } = await this.#stage.usage();
      if (reservedBytes <= cacheBytes) return;
      this.drop(cacheId);
    }
  }

  /**
   * Opens a cache for a session.
   * @throws NoRoomError; caches that no session uses give way first
   */
  async open(request: OpenCache, { keep, from }: CacheBeginning = {}): Promise<OpenedCache> {
    const { cacheId, epoch } = request;
    let length = keep === undefined ? 0 : await this.#keepUpTo(request, keep);
    if (length === 0 && this.#caches.has(cacheId)) await this.release(cacheId);
    const isBegun = length === 0 && from !== undefined && (await this.#openFrom(request, from));
    if (isBegun) length = from.length;
    else await this.#openWithRoom(request);
    const { capacity, promptLength } = request;
    const held = this.#caches.get(cacheId) ?? {
      length,
      capacity,
      promptLength,
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
      if (result.boundary) this.#retain(held, cacheId, { position, length, tensors: result.boundary });
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

  /** Tokens of the answer by themselves, as they ran first: who needs them may have the ones before. */
  #retain({ promptLength }: HeldCache, cacheId: string, step: RetainedStep): void {
    const isOfAnswer = step.position >= promptLength && step.length > 1;
    const rows = isOfAnswer ? partSteps(step, this.#stage.description.boundaryOut) : [step];
    for (const row of rows) this.#retained.keep(cacheId, row);
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

  /**
   * Keeps the first `length` tokens of a cache whose session of this epoch is over, in as much room as they need. Never rejects.
   * @returns false where the cache is not here, is shorter or can't be cut there: it is released then
   */
  async keep(cacheId: string, epoch: number, length: number): Promise<boolean> {
    const keeping = this.#keep(cacheId, epoch, length);
    this.#keeping.set(cacheId, keeping);
    try {
      return await keeping;
    } finally {
      this.#keeping.delete(cacheId);
    }
  }

  async #keep(cacheId: string, epoch: number, length: number): Promise<boolean> {
    const held = this.#caches.get(cacheId);
    if (!held || held.epoch !== epoch) return false;
    await Promise.all(held.running);
    if (this.#caches.get(cacheId) !== held || held.epoch !== epoch) return false;
    this.drop(cacheId);
    try {
      const kept = { cacheId: cacheId + keptMark, epoch: 0, capacity: length, promptLength: length };
      await this.#stage.open({ ...kept, from: { cacheId, length, take: true } });
    } catch (error) {
      this.#log.info({ cacheId, error: messageOf(error) }, 'could not keep a cache');
      await this.release(cacheId, epoch);
      return false;
    }
    clearTimeout(held.expiry);
    this.#caches.delete(cacheId);
    this.#retained.forget(cacheId);
    const expiry = setTimeout(() => this.drop(cacheId), keptForMs);
    unref(expiry);
    this.#kept.set(cacheId, expiry);
    return true;
  }

  /** Releases a cache that was kept, if it is here. */
  drop(cacheId: string): void {
    if (!this.#kept.has(cacheId)) return;
    this.#letGo(cacheId);
    this.#stage.release(cacheId + keptMark).catch((error: unknown) => {
      this.#log.warn({ cacheId, error: messageOf(error) }, 'could not release a cache');
    });
  }

  #letGo(cacheId: string): void {
    clearTimeout(this.#kept.get(cacheId));
    this.#kept.delete(cacheId);
  }

  /** The stage is being unloaded. */
  dispose(): void {
    for (const { expiry } of this.#caches.values()) clearTimeout(expiry);
    for (const expiry of this.#kept.values()) clearTimeout(expiry);
    this.#caches.clear();
    this.#kept.clear();
  }

  /** @returns false where the other cache is not here, shorter, or can't be cut there. @throws NoRoomError */
  async #openFrom(request: OpenCache, { cacheId, length, take }: CacheStart): Promise<boolean> {
    await this.#keeping.get(cacheId);
    const isKept = this.#kept.has(cacheId);
    const source = isKept ? cacheId + keptMark : cacheId;
    // What a session runs on is copied.
    const from = { cacheId: source, length, take: take && isKept };
    if (from.take) this.#letGo(cacheId);
    try {
      await this.#openWithRoom({ ...request, from }, cacheId);
      return true;
    } catch (error) {
      const code = sessionErrorCodeOf(error);
      if (from.take) await this.#stage.release(source);
      if (code !== 'cache-miss' && code !== 'no-room') throw error;
      this.#log.info({ cacheId, length, error: messageOf(error) }, 'could not begin with another cache');
      return false;
    }
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

  /** @param needed a kept cache that does not give way */
  async #openWithRoom(request: OpenCache, needed?: string): Promise<void> {
    for (;;) {
      try {
        await this.#stage.open(request);
        return;
      } catch (error) {
        if (sessionErrorCodeOf(error) !== 'no-room') throw error;
        const left = [...this.#caches].find(([, { expiry }]) => expiry !== undefined)?.[0];
        const kept = [...this.#kept.keys()].find((cacheId) => cacheId !== needed);
        if (left !== undefined) await this.release(left);
        else if (kept !== undefined) this.drop(kept);
        else throw error;
      }
    }
  }
}
