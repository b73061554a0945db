/** Blobs as files named by their SHA-256; what is not whole yet ends in `.partial`. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  type FileHandle,
} from 'node:fs/promises';
import { join } from 'node:path';
import { Sha256, type BlobSlice } from '@potluck/protocol';
import { StorageFullError, unixMs, type BlobStore, type PartialBlob } from '@potluck/worker';
import { sharedFiles } from './sharedFiles.ts';

/** Codes of a file system that takes no more. */
const fullCodes = ['ENOSPC', 'EDQUOT', 'EFBIG'];
/** Start of the names of folders that last while a stage is loaded. */
const layOutPrefix = 'loading-';

export interface FileBlobStoreInit {
  /** Is made if it isn't there. */
  directory: string;
  /** Where the hub on this machine keeps the same blobs (`<first two digits>/<name>`); they are read, never changed. */
  shared?: string | undefined;
}

export async function fileBlobStore({ directory, shared }: FileBlobStoreInit): Promise<BlobStore> {
  await mkdir(directory, { recursive: true });
  // Left over from a process that was killed while it loaded a stage.
  for (const name of await readdir(directory)) {
    if (name.startsWith(layOutPrefix)) await rm(join(directory, name), { recursive: true, force: true });
  }
  const fileOf = (sha256: Sha256): string => join(directory, sha256);
  const sharedBlobs = sharedFiles(shared);
  // Copies that were made before the hub's own were read.
  for (const name of await ownNames(directory)) {
    const size = await sizeOf(sharedBlobs.fileOf(name));
    if (size !== undefined && size === (await sizeOf(fileOf(name)))) await rm(fileOf(name), { force: true });
  }
  /** The hub's file, where this store has none. */
  const locate = async (sha256: Sha256): Promise<string> => {
    const own = fileOf(sha256);
    if ((await sizeOf(own)) !== undefined) return own;
    return sharedBlobs.fileOf(sha256) ?? own;
  };

  return {
    async list() {
      const names = await ownNames(directory);
      const usedAt = await Promise.all(
        names.map(async (name) => (await orAbsent(stat(fileOf(name))))?.mtimeMs ?? 0),
      );
      const order = new Map(names.map((name, index) => [name, usedAt[index] ?? 0]));
      names.sort((one, other) => (order.get(one) ?? 0) - (order.get(other) ?? 0));
      return [...new Set([...(await sharedBlobs.names()), ...names])];
    },
    async touch(sha256) {
      const seconds = unixMs() / 1000;
      await orAbsent(utimes(fileOf(sha256), seconds, seconds));
    },
    sizeOf: async (sha256) => sizeOf(await locate(sha256)),
    async usage() {
      const names = new Set([...(await sharedBlobs.names()), ...(await ownNames(directory))]);
      const sizes = await Promise.all(
        [...names].map(async (name) => (await sizeOf(await locate(name))) ?? 0),
      );
      return { blobs: names.size, bytes: sizes.reduce((sum, size) => sum + size, 0) };
    },
    read: async (sha256) => orAbsent(readWhole(await locate(sha256))),
    openPartial: (sha256) => storage(openPartial(fileOf(sha256))),
    async remove(sha256) {
      // A blob of the hub that is damaged is fetched, and then kept here.
      if ((await locate(sha256)) !== fileOf(sha256)) sharedBlobs.distrust(sha256);
      await rm(fileOf(sha256), { force: true });
    },
    async removeUnheld(sha256) {
      if ((await sizeOf(fileOf(sha256))) === undefined) return false;
      await rm(fileOf(sha256), { force: true });
      return true;
    },
    async layOut(files) {
      const folder = join(directory, `${layOutPrefix}${randomUUID()}`);
      await mkdir(folder);
      const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
      try {
        for (const { path, parts } of files)
          await storage(layOutFile(join(folder, checked(path)), parts, locate));
      } catch (error) {
        await remove();
        throw error;
      }
      return { path: folder, remove };
    },
  };
}

async function ownNames(directory: string): Promise<Sha256[]> {
  return (await readdir(directory)).flatMap((name) => Sha256.safeParse(name).data ?? []);
}

/** @returns undefined where there is no such file, or none was named */
async function sizeOf(file: string | undefined): Promise<number | undefined> {
  return file === undefined ? undefined : orAbsent(stat(file).then(({ size }) => size));
}

/** @throws RangeError if the name leaves the folder */
function checked(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name)) return name;
  throw new RangeError(`weights in a file named ${name}`);
}

/** A file that is one whole blob is linked, without a copy; others are put together from their parts. */
async function layOutFile(
  target: string,
  parts: readonly BlobSlice[],
  locate: (sha256: Sha256) => Promise<string>,
): Promise<void> {
  const [part] = parts;
  if (part && parts.length === 1 && part.offset === 0) {
    const source = await locate(part.sha256);
    const isWhole = (await stat(source)).size === part.length;
    // Some file systems have no links.
    if (isWhole) return link(source, target).catch(() => copyFile(source, target));
  }
  const handle = await open(target, 'wx');
  try {
    let position = 0;
    for (const { sha256, offset, length } of parts) {
      const bytes = await readWhole(await locate(sha256));
      await writeAll(handle, bytes.subarray(offset, offset + length), position);
      bytes.buffer.transfer(0);
      position += length;
    }
  } finally {
    await handle.close();
  }
}

async function openPartial(target: string): Promise<PartialBlob> {
  const file = `${target}.partial`;
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT);
  let { size } = await handle.stat();
  return {
    get size() {
      return size;
    },
    async append(bytes) {
      await storage(writeAll(handle, bytes, size));
      size += bytes.byteLength;
    },
    read: () => readWhole(file),
    async commit() {
      await storage(handle.sync());
      await storage(rename(file, target));
    },
    async discard() {
      await handle.truncate(0);
      size = 0;
    },
    async close() {
      await handle.close();
      if (size === 0) await rm(file, { force: true });
    },
  };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}

/** The file in a buffer of its own. */
async function readWhole(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readFile(file);
  const owns = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return owns ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
}

async function orAbsent<T>(task: Promise<T>): Promise<T | undefined> {
  try {
    return await task;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function storage<T>(task: Promise<T>): Promise<T> {
  try {
    return await task;
  } catch (error) {
    if (!fullCodes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new StorageFullError('the disk with the worker’s data is full', { cause: error });
  }
}
