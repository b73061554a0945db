/** A page that opens blob stores in IndexedDB, and nothing else. */
import { indexedDbBlobStore } from '@potluck/browser-worker/blobs';

declare global {
  var openWeights: typeof indexedDbBlobStore;
}

globalThis.openWeights = indexedDbBlobStore;
