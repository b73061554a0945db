import { memoryBlobStore, messageOf, type BlobStore, type Log } from '@potluck/worker';
import { indexedDbBlobStore, type IndexedDbBlobStore } from '../blobs/indexedDbBlobStore.ts';

/**
 * Blobs in IndexedDB, or in memory where the page may not store anything (private windows, blocked storage).
 */
export async function openBlobStore(
  log: Log,
): Promise<{ store: BlobStore; kept: IndexedDbBlobStore | undefined }> {
  try {
    const kept = indexedDbBlobStore();
    await kept.list();
    return { store: kept, kept };
  } catch (error) {
    log.warn(
      { reason: messageOf(error) },
      'this browser stores nothing for the page; weights stay in memory',
    );
    return { store: memoryBlobStore(), kept: undefined };
  }
}
