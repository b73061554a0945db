/** What an import put away, in memory, and the weights of stages that are made of it. Node only. */
import { createHash } from 'node:crypto';
import { Sha256, type BlobRef, type WeightFile } from '@potluck/protocol';
import type { StageArtifact } from '../contract/stage.ts';

export class ImportedBlobs {
  readonly #blobs = new Map<string, Uint8Array>();

  async put(bytes: Uint8Array): Promise<BlobRef> {
    const sha256 = Sha256.parse(createHash('sha256').update(bytes).digest('hex'));
    this.#blobs.set(sha256, bytes.slice());
    return { sha256, size: bytes.byteLength };
  }

  get(sha256: string): Uint8Array {
    const bytes = this.#blobs.get(sha256);
    if (!bytes) throw new RangeError(`No blob ${sha256}`);
    return bytes;
  }

  weightsOf(files: readonly WeightFile[]): StageArtifact['weights'] {
    return files.map(({ path, parts }) => ({
      path,
      data: join(
        parts.map(({ sha256, offset, length }) => this.get(sha256).subarray(offset, offset + length)),
      ),
    }));
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}
