import { Sha256 } from '@potluck/protocol';
import { memoryBlobStore, messageOf, StorageFullError, type BlobStore, type Log } from '@potluck/worker';
import { indexedDbBlobStore, type IndexedDbBlobStore } from '../blobs/indexedDbBlobStore.ts';

/** Of a blob that is kept only to see whether that works. */
const trialName = Sha256.parse('0'.repeat(64));

/**
 * Blobs in IndexedDB, or in memory where the page may not store anything (private windows, blocked storage).
 */
export async function openBlobStore(
  log: Log,
): Promise<{ store: BlobStore; kept: IndexedDbBlobStore | undefined }> {
  try {
    const kept = indexedDbBlobStore();
    await tryToKeep(kept);
    return { store: kept, kept };
  } catch (error) {
    log.warn(
      // WebKit rejects with null.
      { reason: messageOf(error ?? 'it does not say why') },
      'this browser stores nothing for the page; weights stay in memory',
    );
    return { store: memoryBlobStore(), kept: undefined };
  }
}

/** WebKit's private windows have IndexedDB, but take no Blobs. A storage that is full is one, all the same. */
async function tryToKeep(store: IndexedDbBlobStore): Promise<void> {
  try {
    const partial = await store.openPartial(trialName);
    try {
      await partial.append(new Uint8Array(1));
      await partial.commit();
      await store.remove(trialName);
    } finally {
      // Lets go of the name, which other tabs of this browser try, too.
      await partial.close();
    }
  } catch (error) {
    if (!(error instanceof StorageFullError)) throw error;
  }
}
