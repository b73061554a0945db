/** Model files held in memory: for tests, and for what a person dropped on a page. */
import { MissingFileError } from '../errors.ts';
import type { ByteSource, ModelFiles } from '../source.ts';

/** Files by name. */
export function memoryModelFiles(files: Record<string, Uint8Array>): ModelFiles {
  return {
    open: async (name) => {
      const bytes = Object.hasOwn(files, name) ? files[name] : undefined;
      if (!bytes) throw new MissingFileError(name);
      return memoryByteSource(bytes);
    },
  };
}

/** One file held in memory. */
export function memoryByteSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: async (offset, length) => {
      if (offset < 0 || length < 0 || offset + length > bytes.length) {
        throw new RangeError(`Bytes ${offset} to ${offset + length} of a file of ${bytes.length}`);
      }
      // A copy in any case; the slice of a Buffer would share its memory.
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
  };
}
