import type { TabSnapshot } from '../snapshot.ts';
import { indexedDbBlobStore } from './indexedDbBlobStore.ts';

/** What is kept in this browser; nothing where it stores nothing for the page. */
export async function countWeights(): Promise<Partial<TabSnapshot['cache']>> {
  try {
    return await indexedDbBlobStore().usage();
  } catch {
    return { bytes: 0, blobs: 0, inMemory: true };
  }
}
