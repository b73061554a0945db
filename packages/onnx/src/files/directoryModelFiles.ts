/** Model files in a directory of this machine. */
import { open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { MissingFileError, ModelFileError } from '../errors.ts';
import type { ByteSource, ModelFiles } from '../source.ts';
import { checkFileName } from '../protobuf/fileSizes.ts';

/**
 * The files below `directory`. Names are relative to it and may not leave it; links are followed, since Hub caches
 * are made of them.
 */
export function directoryModelFiles(directory: string): ModelFiles {
  return {
    open: async (name) => {
      checkFileName(name);
      const file = path.join(directory, name);
      let size: number;
      try {
        const found = await stat(await realpath(file));
        if (!found.isFile()) throw new ModelFileError('not a file', name);
        size = found.size;
      } catch (cause) {
        if (cause instanceof ModelFileError) throw cause;
        throw new MissingFileError(name, { cause });
      }
      return fileByteSource(file, size);
    },
  };
}

/** Opens the file for each read, so that no handle outlives it. */
function fileByteSource(file: string, size: number): ByteSource {
  return {
    size,
    read: async (offset, length) => {
      const handle = await open(file, 'r');
      try {
        const bytes = new Uint8Array(length);
        let done = 0;
        while (done < length) {
          const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
          if (bytesRead === 0) throw new ModelFileError(`ends before byte ${offset + length}`, file);
          done += bytesRead;
        }
        return bytes;
      } finally {
        await handle.close();
      }
    },
  };
}
