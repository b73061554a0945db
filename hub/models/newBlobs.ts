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
  async put(bytes: Uint8Array): Promise<BlobRef> {
    const { ref, isNew } = await this.#blobs.add(bytes);
    if (isNew) this.written(ref.sha256);
    return ref;
  }

  /** A blob was written that was not there before. */
  written(sha256: Sha256): void {
    this.#written.add(sha256);
  }

  /** Deletes what was written; blobs that were there before stay. */
  async discard(): Promise<void> {
    for (const sha256 of this.#written) await this.#blobs.remove(sha256);
  }
}
