/**
 * The caches of one stage: each a slot of an arena with an identity of its own. Room is reserved when a cache
 * is opened, for its whole capacity; nothing is ever evicted.
 */
import type { SamplingDescription, StageDescription } from '@potluck/protocol';
import type { CacheStart, OpenCache, StageUsage } from '../contract/stage.ts';
import { CacheMissError, NoRoomError } from '../errors.ts';
import { TokenHistory } from '../sampling/tokenHistory.ts';
import type { CacheStrategy } from './cacheStrategy.ts';
import type { CacheTensor } from './cacheTensor.ts';

/** One open cache. Only the store and the step that runs on it change it. */
export interface CacheSlot {
  readonly cacheId: string;
  epoch: number;
  /** Tokens in it. */
  length: number;
  readonly capacity: number;
  readonly reservedBytes: number;
  sampling: SamplingDescription | undefined;
  history: TokenHistory | undefined;
  readonly tensors: readonly CacheTensor[];
  /** True from release on; its memory may still be in use by the step that runs. */
  released: boolean;
  /** True while ONNX Runtime works on it: what would change its tensors waits. */
  running: boolean;
  readonly afterRun: (() => void)[];
}

export class CacheStore {
  readonly #description: StageDescription;
  readonly #strategy: CacheStrategy;
  #capacityBytes: number;
  readonly #slots = new Map<string, CacheSlot>();
  #reservedBytes = 0;

  /** @param capacityBytes bytes that all caches may reserve together */
  constructor(description: StageDescription, strategy: CacheStrategy, capacityBytes: number) {
    this.#description = description;
    this.#strategy = strategy;
    this.#capacityBytes = capacityBytes;
  }

  get usage(): StageUsage {
    return { reservedBytes: this.#reservedBytes, caches: this.#slots.size };
  }

  /**
   * Reserves a cache, empty or with the first tokens of another one. Where the id is open already and the epoch is later, the
   * cache and its rows are carried over into that epoch (`capacity` is then left as it was).
   * @throws NoRoomError if the budget, the model's context or the open cache's capacity is too small
   * @throws CacheMissError if the id is open in this or a later epoch, or the other cache is not there or shorter
   * @throws TruncateError if the other cache can't be cut there; one that was to be taken is gone then
   */
  open(request: OpenCache): CacheSlot {
    const { cacheId, epoch, capacity, from } = request;
    const existing = this.#slots.get(cacheId);
    if (existing && from) throw new CacheMissError(`Cache ${cacheId} is open already`);
    if (existing) return this.#carryOver(existing, request);
    const { contextLength } = this.#description;
    if (capacity > contextLength) {
      throw new NoRoomError("The model's context", capacity, contextLength, contextLength, 'tokens');
    }
    const slot: CacheSlot = {
      cacheId,
      epoch,
      length: from?.length ?? 0,
      capacity,
      ...samplingState(request),
      ...(from ? this.#begunWith(from, capacity) : this.#begunEmpty(capacity)),
      released: false,
      running: false,
      afterRun: [],
    };
    this.#slots.set(cacheId, slot);
    return slot;
  }

  /** @throws CacheMissError if there is no such cache */
  get(cacheId: string): CacheSlot {
    const slot = this.#slots.get(cacheId);
    if (!slot) throw new CacheMissError(`No cache ${cacheId}`);
    return slot;
  }

  /**
   * Forgets all tokens from `length` on, after the step that runs, if one does (the cache is then released where it
   * can't be cut back).
   * @throws CacheMissError if there is no such cache or it is shorter
   * @throws TruncateError if a tensor of it can't be cut back: all or none are
   */
  truncate(cacheId: string, length: number): void {
    const slot = this.get(cacheId);
    checkLength(slot, length);
    if (!slot.running) {
      this.#cutBack(slot, length);
      return;
    }
    slot.afterRun.push(() => {
      try {
        this.#cutBack(slot, length);
      } catch {
        // Nobody waits for this any more; the next step then finds no cache and its session replays.
        this.release(cacheId);
      }
    });
  }

  /** Gives a cache's room back, after the step that runs, if one does. No error where there is none. */
  release(cacheId: string): void {
    const slot = this.#slots.get(cacheId);
    if (!slot) return;
    this.#slots.delete(cacheId);
    slot.released = true;
    whenIdle(slot, () => {
      for (const tensor of slot.tensors) tensor.dispose();
      this.#reservedBytes -= slot.reservedBytes;
    });
  }

  /** From now on all caches may reserve so many bytes together; those that are open stay. */
  resize(capacityBytes: number): void {
    this.#capacityBytes = capacityBytes;
    this.#strategy.resize(capacityBytes);
  }

  releaseAll(): void {
    for (const cacheId of [...this.#slots.keys()]) this.release(cacheId);
    this.#strategy.clear();
  }

  #begunEmpty(capacity: number): Pick<CacheSlot, 'reservedBytes' | 'tensors'> {
    return { reservedBytes: this.#reserve(capacity), tensors: this.#strategy.create(capacity) };
  }

  #begunWith(from: CacheStart, capacity: number): Pick<CacheSlot, 'reservedBytes' | 'tensors'> {
    const source = this.get(from.cacheId);
    const length = checkLength(source, from.length);
    if (length > capacity) {
      throw new NoRoomError(`Cache ${from.cacheId}`, length, capacity, capacity, 'tokens');
    }
    // While a run writes to it, it can be copied only: what is before the run's tokens does not change.
    const takes = from.take && !source.running;
    const reservedBytes = this.#reserve(capacity, takes ? source.reservedBytes : 0);
    if (takes) this.#slots.delete(from.cacheId);
    const rest = [...source.tensors];
    const tensors: CacheTensor[] = [];
    const isWhole = takes && length === source.length && capacity === source.capacity;
    try {
      for (let next = rest[0]; next; next = rest[0]) {
        tensors.push(isWhole ? next : next.fork(source.length, length, capacity));
        // One after the other, so that both caches are never there as a whole.
        if (takes && !isWhole) next.dispose();
        rest.shift();
      }
    } catch (error) {
      for (const tensor of tensors) tensor.dispose();
      this.#reservedBytes -= reservedBytes;
      if (takes) {
        for (const tensor of rest) tensor.dispose();
        source.released = true;
      }
      throw error;
    }
    if (takes) source.released = true;
    else if (from.take) this.release(from.cacheId);
    return { reservedBytes, tensors };
  }

  #cutBack(slot: CacheSlot, length: number): void {
    if (length >= slot.length) return;
    // Fixed-size states refuse, if any tensor does: they come first, so that nothing is half cut.
    const order = slot.tensors.map((tensor, index) => ({
      tensor,
      isState: this.#description.caches[index]?.kind === 'state',
    }));
    order.sort((left, right) => Number(right.isState) - Number(left.isState));
    for (const { tensor } of order) tensor.truncate(slot.length, length);
    slot.length = length;
    slot.history?.truncate(length);
  }

  /** @param returned bytes of a cache that ends with it */
  #reserve(capacity: number, returned = 0): number {
    const { cacheBytesPerToken, stateBytes } = this.#description;
    const bytes = capacity * cacheBytesPerToken + stateBytes;
    const available = this.#capacityBytes - this.#reservedBytes + returned;
    if (bytes > available) {
      throw new NoRoomError("The stage's caches", bytes, available, this.#capacityBytes, 'bytes');
    }
    this.#reservedBytes += bytes - returned;
    return bytes;
  }

  #carryOver(slot: CacheSlot, request: OpenCache): CacheSlot {
    if (request.epoch <= slot.epoch) {
      throw new CacheMissError(`Cache ${slot.cacheId} is open in epoch ${slot.epoch}`);
    }
    if (request.capacity > slot.capacity) {
      const left = slot.capacity - slot.length;
      throw new NoRoomError(
        `Cache ${slot.cacheId} of the last epoch`,
        request.capacity,
        left,
        slot.capacity,
        'tokens',
      );
    }
    whenIdle(slot, () => {
      Object.assign(slot, samplingState(request));
    });
    slot.epoch = request.epoch;
    return slot;
  }
}

/** Marks the slots as in use by a run until `work` settles, then does what waited for them. */
export async function whileRunning<Result>(
  slots: readonly CacheSlot[],
  work: () => Promise<Result>,
): Promise<Result> {
  for (const slot of slots) slot.running = true;
  try {
    return await work();
  } finally {
    for (const slot of slots) {
      slot.running = false;
      for (const waiting of slot.afterRun.splice(0)) waiting();
    }
  }
}

function whenIdle(slot: CacheSlot, change: () => void): void {
  if (slot.running) slot.afterRun.push(change);
  else change();
}

function checkLength(slot: CacheSlot, length: number): number {
  if (length < 0 || length > slot.length) {
    throw new CacheMissError(`Cache ${slot.cacheId} holds ${slot.length} tokens, not ${length}`);
  }
  return length;
}

function samplingState(request: OpenCache): Pick<CacheSlot, 'sampling' | 'history'> {
  return {
    sampling: request.sampling,
    history:
      request.tokens &&
      new TokenHistory(request.tokens, request.promptLength, request.sampling?.penaltyWindow),
  };
}
