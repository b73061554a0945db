/** Blobs on their way into a store that others may share. */
import type { BlobRef } from '@potluck/protocol';
import { untilAborted } from '../untilAborted.ts';
import type { BlobStore, PartialBlob } from './blobStore.ts';
import type { FetchWatcher } from './fetchWatcher.ts';

/** Between signs of life, while someone else who shares the store writes the blob. */
const waitSignMs = 1000;

/**
 * The store has others wait while one writes the blob. That is no standstill: one that is gone is not waited for.
 * @throws what the store throws, or the signal's reason
 */
export async function openPartial(
  store: BlobStore,
  { sha256 }: BlobRef,
  { onBytes, signal }: FetchWatcher,
): Promise<PartialBlob> {
  signal.throwIfAborted();
  const opening = store.openPartial(sha256);
  const sign = setInterval(() => onBytes(0), waitSignMs);
  try {
    return await untilAborted(opening, signal);
  } catch (error) {
    opening.then((partial) => partial.close()).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(sign);
  }
}

/** How much of a blob that is on its way in is in the store. */
export async function keptBytes(store: BlobStore, blob: BlobRef, watcher: FetchWatcher): Promise<number> {
  try {
    const partial = await openPartial(store, blob, watcher);
    await partial.close();
    return partial.size;
  } catch {
    return 0;
  }
}

/** Full storage is better off without a piece that can't grow. */
export async function discardPartial(store: BlobStore, blob: BlobRef, watcher: FetchWatcher): Promise<void> {
  try {
    const partial = await openPartial(store, blob, watcher);
    // Others who share the store may have got it whole.
    if ((await store.sizeOf(blob.sha256)) === undefined) await partial.discard();
    await partial.close();
  } catch {
    // The disk is full or gone: nothing more to do.
  }
}
