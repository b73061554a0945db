/** Remembers which blobs an import wrote, so that a failed one takes no room. */
import type { BlobRef, Sha256 } from '@potluck/protocol';
import type { BlobStore } from './blobStore.ts';

export class NewBlobs {
  readonly #blobs: BlobStore;
  readonly #written = new Set<Sha256>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** @throws StorageError if there is no room */
  put = async (bytes: Uint8Array): Promise<BlobRef> => {
    const { ref, isNew } = await this.#blobs.add(bytes);
    if (isNew) this.#written.add(ref.sha256);
    return ref;
  };

  /** Deletes what was written; blobs that were there before stay. */
  async discard(): Promise<void> {
    for (const sha256 of this.#written) await this.#blobs.remove(sha256);
  }
}
