import { runBlobStoreTests } from '../../testing/blobStoreTests.ts';
import { memoryBlobStore } from './memoryBlobStore.ts';

runBlobStoreTests('memory', async () => {
  const store = memoryBlobStore();
  return async () => store;
});
