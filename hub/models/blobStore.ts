/** Blobs on disk, named by the SHA-256 of their bytes: `<folder>/<first two digits>/<name>`. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { Sha256, type BlobRef } from '@potluck/protocol';
import { systemCodeOf } from '../errors/systemCodeOf.ts';
import { isTemporary, writeFileAtomically } from '../files/writeFileAtomically.ts';

export class BlobStore {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * Keeps bytes under their hash. A blob that is already whole is not written again.
   * @throws StorageError if there is no room; nothing is left under the blob's name
   */
  async put(bytes: Uint8Array): Promise<BlobRef> {
    return (await this.add(bytes)).ref;
  }

  /**
   * As `put`.
   * @returns also whether there was no such blob before
   */
  async add(bytes: Uint8Array): Promise<{ ref: BlobRef; isNew: boolean }> {
    const sha256 = hashOf(bytes);
    const size = bytes.byteLength;
    const before = await this.size(sha256);
    if (before !== size) await writeFileAtomically(this.#file(sha256), bytes);
    return { ref: { sha256, size }, isNew: before === undefined };
  }

  /** Size in bytes, or undefined if there is no such blob. */
  async size(sha256: Sha256): Promise<number | undefined> {
    try {
      return (await stat(this.#file(sha256))).size;
    } catch (error) {
      const code = systemCodeOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  /**
   * Reads a small blob whole and checks its hash. A damaged one is removed, so that it can be put again.
   * @returns undefined if there is none, or it was damaged
   */
  async read(sha256: Sha256): Promise<Uint8Array | undefined> {
    const bytes = await readFile(this.#file(sha256)).catch((error: unknown) => {
      if (systemCodeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (!bytes || hashOf(bytes) === sha256) return bytes;
    await rm(this.#file(sha256), { force: true });
    return undefined;
  }

  /** Deletes a blob, if it is there. */
  async remove(sha256: Sha256): Promise<void> {
    await rm(this.#file(sha256), { force: true });
  }

  /**
   * Deletes all blobs but these, and what a process that was killed left half written.
   * @returns how many bytes that freed
   */
  async removeAllBut(kept: ReadonlySet<string>): Promise<number> {
    const entries = await readdir(this.directory, { recursive: true, withFileTypes: true }).catch(() => []);
    let freed = 0;
    for (const { name, parentPath } of entries.filter((entry) => entry.isFile())) {
      const isOurs = Sha256.safeParse(name).success || isTemporary(name);
      if (!isOurs || kept.has(name)) continue;
      const file = path.join(parentPath, name);
      freed += (await stat(file)).size;
      await rm(file, { force: true });
    }
    return freed;
  }

  /** Reads bytes [start, end) without holding them all. */
  stream(sha256: Sha256, start: number, end: number): Readable {
    return createReadStream(this.#file(sha256), { start, end: end - 1, highWaterMark: 1024 * 1024 });
  }

  #file(sha256: Sha256): string {
    return path.join(this.directory, sha256.slice(0, 2), sha256);
  }
}

function hashOf(bytes: Uint8Array): Sha256 {
  return Sha256.parse(createHash('sha256').update(bytes).digest('hex'));
}
