import { memoryBlobStore, messageOf, type BlobStore, type Log } from '@potluck/worker';
import { indexedDbBlobStore, type IndexedDbBlobStore } from '../blobs/indexedDbBlobStore.ts';

/**
 * Blobs in IndexedDB, or in memory where the page may not store anything (private windows, blocked storage).
 * @param onFull called when a blob did not fit
 */
export async function openBlobStore(
  log: Log,
  onFull: () => void,
): Promise<{ store: BlobStore; kept: IndexedDbBlobStore | undefined }> {
  try {
    const kept = indexedDbBlobStore({ onFull });
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
