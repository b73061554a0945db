/** Blobs by name: from the store where they are, else from the hub; verified whenever they are read. */
import type { BlobRef, Sha256, StageDescription } from '@potluck/protocol';
import { pause } from '../clock.ts';
import { BlobCorruptError, StorageFullError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { BlobStore, WeightsFolder } from './blobStore.ts';
import { downloadBlob, type BlobSource } from './downloadBlob.ts';
import type { FetchWatcher } from './fetchWatcher.ts';
import { memoryBlobStore } from './memoryBlobStore.ts';
import { discardPartial, keptBytes, openPartial } from './partialBlobs.ts';
import { sha256Of } from './sha256Of.ts';

export interface BlobCacheComponents {
  store: BlobStore;
  source: BlobSource;
  log: Log;
  /** Called when a blob is kept in memory, because the store is full of what is held. */
  onOverflow?: () => void;
}

/** Between tries, while room that was made does not show. */
const roomPauseMs = 250;

export class BlobCache {
  readonly #components: BlobCacheComponents;
  /** Where blobs go when the store is full; given up as soon as they are read. */
  readonly #overflow = memoryBlobStore();
  /** How many assignments need a blob. */
  readonly #holders = new Map<Sha256, number>();
  /** Evictions follow one another, so that each makes room of its own. */
  #evictions: Promise<unknown> = Promise.resolve();
  /** Until when room may show that was made. */
  #roomShowsUntil = -Infinity;
  /** Fetches under way, so that two assignments never write one blob at once. */
  readonly #fetching = new Map<Sha256, Promise<void>>();

  constructor(components: BlobCacheComponents) {
    this.#components = components;
  }

  /**
   * Names of the blobs in the store. Those in memory only are left out: they go with their stage, so that whoever plans
   * another one must count them as to be fetched again.
   */
  list(): Promise<Sha256[]> {
    return this.#components.store.list();
  }

  /**
   * Keeps blobs from being evicted, here and by others who share the store.
   * @returns what lets go of them, once they are kept
   */
  async hold(blobs: readonly BlobRef[]): Promise<() => void> {
    const count = (change: 1 | -1): void => {
      for (const { sha256 } of blobs) this.#holders.set(sha256, (this.#holders.get(sha256) ?? 0) + change);
    };
    count(1);
    const letGo = await this.#components.store.hold?.(blobs.map(({ sha256 }) => sha256));
    return () => {
      count(-1);
      letGo?.();
    };
  }

  /** True where a blob of this name and size is there (its bytes are verified when they are read). */
  async has(blob: BlobRef): Promise<boolean> {
    if ((await this.#components.store.sizeOf(blob.sha256)) === blob.size) return true;
    return (await this.#overflow.sizeOf(blob.sha256)) === blob.size;
  }

  /** Fetches the blob unless it is there. Verified before it is kept. */
  async fetch(blob: BlobRef, watcher: FetchWatcher): Promise<void> {
    const running = this.#fetching.get(blob.sha256);
    if (running !== undefined) {
      // Someone else's fetch may end by its own signal: then look again.
      await running.catch(() => undefined);
      watcher.signal.throwIfAborted();
      return this.fetch(blob, watcher);
    }
    if (await this.has(blob)) return;
    if (this.#fetching.has(blob.sha256)) return this.fetch(blob, watcher);
    const task = this.#download(blob, watcher);
    this.#fetching.set(blob.sha256, task);
    try {
      await task;
    } finally {
      this.#fetching.delete(blob.sha256);
    }
  }

  /** Lets go of what was kept in memory for a stage that nobody will load. */
  async drop(blobs: BlobRef[]): Promise<void> {
    for (const { sha256 } of blobs) if (!this.#fetching.has(sha256)) await this.#overflow.remove(sha256);
  }

  /** The blob's bytes, verified; a blob that is damaged in the store is fetched again. */
  async read(blob: BlobRef, watcher: FetchWatcher): Promise<Uint8Array<ArrayBuffer>> {
    const { model, range } = watcher;
    for (let attempt = 0; attempt < 2; attempt++) {
      await this.fetch(blob, watcher);
      const overflowed = await this.#overflow.read(blob.sha256);
      if (overflowed !== undefined) {
        await this.#overflow.remove(blob.sha256);
        return overflowed;
      }
      const bytes = await this.#components.store.read(blob.sha256);
      if (bytes !== undefined && (await sha256Of(bytes)) === blob.sha256) {
        // Full storage may not even take that.
        await this.#components.store.touch(blob.sha256).catch(() => undefined);
        return bytes;
      }
      await this.#components.store.remove(blob.sha256);
      watcher.onNote(`the kept weights of ${range} of ${model} are damaged; fetching them again`);
      this.#components.log.warn(
        { blob: blob.sha256 },
        `the kept weights of ${range} of ${model} are damaged; fetching them again`,
      );
    }
    throw new BlobCorruptError(
      `the weights of ${range} of ${model} are damaged again right after they were fetched: check this machine's disk`,
    );
  }

  /**
   * Lays a stage's external data out as files, verified; damaged blobs are fetched again.
   * @returns undefined where the host has no files, or the blobs are not all in them
   */
  async layOut(
    stage: Pick<StageDescription, 'packs' | 'weights'>,
    watcher: FetchWatcher,
  ): Promise<WeightsFolder | undefined> {
    const { store, log } = this.#components;
    if (!store.layOut || !(await this.#verifyStored(stage.packs, watcher))) return undefined;
    try {
      return await store.layOut(stage.weights);
    } catch (error) {
      if (!(error instanceof StorageFullError)) throw error;
      log.warn({}, 'storage is full; the weights are loaded from memory');
      return undefined;
    }
  }

  /**
   * Opens a stage's external data as Blobs, verified; damaged blobs are fetched again.
   * @returns undefined where the host has none, or the blobs are not all in its store
   */
  async openFiles(
    stage: Pick<StageDescription, 'packs' | 'weights'>,
    watcher: FetchWatcher,
  ): Promise<{ path: string; data: Blob }[] | undefined> {
    const { store } = this.#components;
    if (!store.openFiles || !(await this.#verifyStored(stage.packs, watcher))) return undefined;
    return store.openFiles(stage.weights);
  }

  /** @returns false where a blob is not in the store but in memory, for want of room */
  async #verifyStored(blobs: readonly BlobRef[], watcher: FetchWatcher): Promise<boolean> {
    for (const blob of blobs) {
      await this.fetch(blob, watcher);
      if ((await this.#overflow.sizeOf(blob.sha256)) !== undefined) return false;
      // Read to be verified, and given back at once.
      (await this.read(blob, watcher)).buffer.transfer(0);
      watcher.onBytes(0);
    }
    return true;
  }

  async #download(blob: BlobRef, watcher: FetchWatcher): Promise<void> {
    const { store, log, onOverflow } = this.#components;
    let mostBytes: number;
    do {
      let bytes = (mostBytes = 0);
      const onBytes = (count: number): void => {
        bytes += count;
        mostBytes = Math.max(mostBytes, bytes);
        watcher.onBytes(count);
      };
      try {
        return await this.#downloadInto(store, blob, { ...watcher, onBytes });
      } catch (error) {
        if (!(error instanceof StorageFullError)) throw error;
      }
      // A store may count what it has not written yet: at best it has room for all that came. And where all is written, it
      // still lacked room to call it whole.
    } while (
      (await this.#makeRoom(
        blob.size - mostBytes,
        Math.max(1, blob.size - (await keptBytes(store, blob, watcher))),
      )) ||
      (await this.#roomMayShow(watcher.signal))
    );
    await discardPartial(store, blob, watcher);
    watcher.onNote('storage is full: this model is served from memory and fetched again at the next start');
    log.warn({ blob: blob.sha256 }, 'storage is full; keeping the blob in memory');
    onOverflow?.();
    await this.#downloadInto(this.#overflow, blob, watcher);
  }

  /**
   * Removes blobs that nobody holds, those first that were used longest ago, until `bytes` are free; none, where all of
   * them together would not free even `leastBytes`.
   * @returns false where nothing was removed
   */
  #makeRoom(leastBytes: number, bytes: number): Promise<boolean> {
    const eviction = this.#evictions.then(() => this.#evict(leastBytes, bytes));
    this.#evictions = eviction.catch(() => undefined);
    return eviction;
  }

  /** @returns false where no room was made lately, so that waiting for it is in vain */
  async #roomMayShow(signal: AbortSignal): Promise<boolean> {
    if (performance.now() > this.#roomShowsUntil) return false;
    await pause(roomPauseMs, signal);
    return true;
  }

  async #evict(leastBytes: number, bytes: number): Promise<boolean> {
    const { store, log } = this.#components;
    const free: { sha256: Sha256; size: number }[] = [];
    for (const sha256 of await store.list()) {
      if ((this.#holders.get(sha256) ?? 0) > 0 || this.#fetching.has(sha256)) continue;
      free.push({ sha256, size: (await store.sizeOf(sha256)) ?? 0 });
    }
    if (free.reduce((sum, { size }) => sum + size, 0) < leastBytes) return false;
    let [blobs, freedBytes] = [0, 0];
    for (const { sha256, size } of free) {
      if (freedBytes >= bytes) break;
      if (store.removeUnheld && !(await store.removeUnheld(sha256))) continue;
      if (!store.removeUnheld) await store.remove(sha256);
      freedBytes += size;
      blobs++;
    }
    if (blobs > 0) {
      this.#roomShowsUntil = performance.now() + (store.roomShowsWithinMs ?? 0);
      log.info({ blobs, bytes: freedBytes }, 'storage is full; removed weights that no stage here needs');
    }
    return blobs > 0;
  }

  async #downloadInto(store: BlobStore, blob: BlobRef, watcher: FetchWatcher): Promise<void> {
    const partial = await openPartial(store, blob, watcher);
    let counted = 0;
    const onBytes = (count: number): void => {
      counted += count;
      watcher.onBytes(count);
    };
    const { model, range } = watcher;
    try {
      if (partial.size > blob.size) await partial.discard();
      onBytes(partial.size);
      for (let attempt = 0; attempt < 2; attempt++) {
        await downloadBlob(this.#components.source, blob, partial, { ...watcher, onBytes });
        const bytes = await partial.read();
        const isWhole = (await sha256Of(bytes)) === blob.sha256;
        // Given back now: a garbage collector that sees no pressure would let packs pile up.
        bytes.buffer.transfer(0);
        if (isWhole) return await partial.commit();
        await partial.discard();
        onBytes(-counted);
        watcher.onNote(`the weights of ${range} of ${model} arrived damaged; fetching them again`);
        this.#components.log.warn(
          { blob: blob.sha256 },
          `the weights of ${range} of ${model} arrived damaged; fetching them again`,
        );
      }
      throw new BlobCorruptError(
        `the weights of ${range} of ${model} arrived damaged twice: the hub's copy is damaged, too; add the model again`,
      );
    } catch (error) {
      onBytes(-counted);
      throw error;
    } finally {
      await partial.close();
    }
  }
}
