/** Blobs in memory, by hash. */
import { createHash } from 'node:crypto';
import { Sha256, type BlobRef } from '@potluck/protocol';
import type { BlobSink } from '../../package/packWeights.ts';

export interface MemoryBlobs extends BlobSink {
  /** @throws {RangeError} if there is no such blob */
  get(blob: { sha256: string }): Uint8Array;
}

export function memoryBlobs(): MemoryBlobs {
  const blobs = new Map<string, Uint8Array>();
  return {
    put: async (bytes): Promise<BlobRef> => {
      const sha256 = Sha256.parse(createHash('sha256').update(bytes).digest('hex'));
      blobs.set(sha256, bytes);
      return { sha256, size: bytes.length };
    },
    get: ({ sha256 }) => {
      const bytes = blobs.get(sha256);
      if (!bytes) throw new RangeError(`No blob ${sha256}`);
      return bytes;
    },
  };
}
