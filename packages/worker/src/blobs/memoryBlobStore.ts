/** Blobs in memory: for tests, and for hosts without storage. */
import type { Sha256 } from '@potluck/protocol';
import { StorageFullError } from '../errors.ts';
import type { BlobStore, PartialBlob } from './blobStore.ts';

export interface MemoryBlobStoreInit {
  /** Bytes that fit, whole and partial blobs together. Default: no limit. */
  capacityBytes?: number;
}

/** The store, with its contents open to look at and to spoil. */
export interface MemoryBlobStore extends BlobStore {
  readonly whole: Map<Sha256, Uint8Array<ArrayBuffer>>;
  readonly partial: Map<Sha256, Uint8Array<ArrayBuffer>>;
}

export function memoryBlobStore({
  capacityBytes = Number.POSITIVE_INFINITY,
}: MemoryBlobStoreInit = {}): MemoryBlobStore {
  const whole = new Map<Sha256, Uint8Array<ArrayBuffer>>();
  const partial = new Map<Sha256, Uint8Array<ArrayBuffer>>();
  const used = (): number =>
    [...whole.values(), ...partial.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);

  function partialOf(sha256: Sha256): PartialBlob {
    const current = (): Uint8Array<ArrayBuffer> => partial.get(sha256) ?? new Uint8Array(0);
    return {
      get size() {
        return current().byteLength;
      },
      async append(bytes) {
        if (used() + bytes.byteLength > capacityBytes) {
          throw new StorageFullError(`no room for ${bytes.byteLength} more bytes in ${capacityBytes}`);
        }
        const { buffer, byteLength } = current();
        const size = byteLength + bytes.byteLength;
        // Grows by doubling: joined anew for each piece, a large blob would take minutes.
        const grown = buffer.byteLength < size ? new ArrayBuffer(Math.max(size, 2 * byteLength)) : buffer;
        if (grown !== buffer) new Uint8Array(grown).set(current());
        new Uint8Array(grown).set(bytes, byteLength);
        partial.set(sha256, new Uint8Array(grown, 0, size));
      },
      read: async () => current().slice(),
      async commit() {
        whole.set(sha256, current().slice());
        partial.delete(sha256);
      },
      async discard() {
        partial.delete(sha256);
      },
      async close() {},
    };
  }

  return {
    whole,
    partial,
    list: async () => [...whole.keys()],
    async touch(sha256) {
      const bytes = whole.get(sha256);
      if (!bytes) return;
      // Maps keep the order in which they were filled.
      whole.delete(sha256);
      whole.set(sha256, bytes);
    },
    sizeOf: async (sha256) => whole.get(sha256)?.byteLength,
    usage: async () => ({
      blobs: whole.size,
      bytes: [...whole.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    }),
    read: async (sha256) => whole.get(sha256)?.slice(),
    openPartial: async (sha256) => partialOf(sha256),
    async remove(sha256) {
      whole.delete(sha256);
    },
  };
}
