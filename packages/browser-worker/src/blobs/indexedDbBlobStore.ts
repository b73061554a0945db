/**
 * Blobs in IndexedDB. A blob is a row of pieces (browser Blobs, which stay on disk until they are read) and a record that
 * says that it is whole, so that neither keeping nor opening it copies bytes.
 */
import { Sha256, type WeightFile } from '@potluck/protocol';
import { StorageFullError, unixMs, type BlobStore, type PartialBlob } from '@potluck/worker';
import {
  clear,
  createStore,
  delMany,
  get,
  keys,
  promisifyRequest,
  set,
  setMany,
  type UseStore,
} from 'idb-keyval';
import { weightLocks } from './weightLocks.ts';

/** 24 pieces of 4 MiB were written in 0.4 s, one of 96 MiB in 1.1 s (Chromium). Also what a cut download may lose. */
const pieceBytes = 4 * 1024 * 1024;

/**
 * The browser counts in the background. Chromium, two cores busy with other work: usually at once, sometimes after a
 * second; on a disk it collects what was deleted for some seconds before it removes it.
 */
const roomShowsWithinMs = 10_000;

/** Kept under the blob's name once it is whole. */
interface WholeBlob {
  sizeBytes: number;
  /** When it was kept or used last, in Unix milliseconds. */
  usedAt: number;
  pieces: number;
}

/** Pieces lie under [name, index]. */
type PieceKey = [sha256: Sha256, index: number];

export interface IndexedDbBlobStore extends BlobStore {
  /** Forgets everything, but for what a tab holds; where there are no locks to tell, that too. */
  forget(): Promise<void>;
}

export interface IndexedDbBlobStoreInit {
  /** Default `potluck-weights`. */
  database?: string;
}

/** @throws (from the first call on) what IndexedDB throws where pages may not store anything */
export function indexedDbBlobStore({
  database = 'potluck-weights',
}: IndexedDbBlobStoreInit = {}): IndexedDbBlobStore {
  const store = createStore(database, 'blobs');
  const { locks: manager } = navigator as { locks?: LockManager };
  const locks = weightLocks(manager, database);

  const wholeBlob = (sha256: Sha256): Promise<WholeBlob | undefined> => get<WholeBlob>(sha256, store);

  const pieceKeys = (sha256: Sha256): Promise<PieceKey[]> =>
    store('readonly', (objects) => promisifyRequest(objects.getAllKeys(piecesOf(sha256)))) as Promise<
      PieceKey[]
    >;

  const pieces = (sha256: Sha256): Promise<Blob[]> =>
    store('readonly', (objects) => promisifyRequest<Blob[]>(objects.getAll(piecesOf(sha256))));

  const remove = async (sha256: Sha256): Promise<void> =>
    delMany([sha256, ...(await pieceKeys(sha256))], store);

  return {
    roomShowsWithinMs,
    async list() {
      const [names, blobs] = await store('readonly', (objects) =>
        Promise.all([
          promisifyRequest(objects.getAllKeys(wholeBlobs())),
          promisifyRequest<WholeBlob[]>(objects.getAll(wholeBlobs())),
        ]),
      );
      const order = new Map(names.map((key, index) => [key, blobs[index]?.usedAt ?? 0]));
      const found = names.flatMap((key) => Sha256.safeParse(key).data ?? []);
      return found.sort((one, other) => (order.get(one) ?? 0) - (order.get(other) ?? 0));
    },
    async touch(sha256) {
      const blob = await wholeBlob(sha256);
      if (blob) await set(sha256, { ...blob, usedAt: unixMs() } satisfies WholeBlob, store);
    },
    sizeOf: async (sha256) => (await wholeBlob(sha256))?.sizeBytes,
    async read(sha256) {
      if (!(await wholeBlob(sha256))) return undefined;
      return bytesOf(await pieces(sha256));
    },
    async openPartial(sha256) {
      const letGo = await locks.write(sha256);
      try {
        return openPartial(store, sha256, await pieces(sha256), letGo);
      } catch (error) {
        letGo();
        throw error;
      }
    },
    remove,
    hold: (names) => locks.hold(names),
    removeUnheld: (sha256) => locks.unlessHeld(sha256, () => remove(sha256)),
    openFiles: (files) => openFiles(files, pieces),
    async usage() {
      const blobs = await store('readonly', (objects) =>
        promisifyRequest<WholeBlob[]>(objects.getAll(wholeBlobs())),
      );
      return { blobs: blobs.length, bytes: blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
    },
    async forget() {
      if (!manager) return clear(store);
      const kept = await keys<Sha256 | PieceKey>(store);
      const names = new Set(kept.map((key) => (Array.isArray(key) ? key[0] : key)));
      for (const sha256 of names) await locks.unlessHeld(sha256, () => remove(sha256));
    },
  };
}

/** Strings sort before arrays, so these are the records of whole blobs. */
const wholeBlobs = (): IDBKeyRange => IDBKeyRange.bound('', '\uffff');

const piecesOf = (sha256: Sha256): IDBKeyRange => IDBKeyRange.bound([sha256, 0], [sha256, Infinity]);

async function bytesOf(blobs: readonly Blob[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Blob([...blobs]).arrayBuffer());
}

function openPartial(store: UseStore, sha256: Sha256, stored: Blob[], letGo: () => void): PartialBlob {
  async function write<T>(task: Promise<T>): Promise<T> {
    try {
      return await task;
    } catch (error) {
      if ((error as DOMException | null)?.name !== 'QuotaExceededError') throw error;
      throw new StorageFullError('this browser gives the page no more storage', { cause: error });
    }
  }

  /** What is not written yet: less than a piece. */
  let pending: Uint8Array<ArrayBuffer>[] = [];
  let pendingBytes = 0;
  let storedBytes = stored.reduce((sum, { size }) => sum + size, 0);

  const flush = async (): Promise<void> => {
    if (pendingBytes === 0) return;
    const piece = new Blob(pending);
    await write(setMany([[[sha256, stored.length] satisfies PieceKey, piece]], store));
    stored.push(piece);
    storedBytes += piece.size;
    pending = [];
    pendingBytes = 0;
  };

  return {
    get size() {
      return storedBytes + pendingBytes;
    },
    async append(bytes) {
      pending.push(bytes as Uint8Array<ArrayBuffer>);
      pendingBytes += bytes.byteLength;
      if (pendingBytes >= pieceBytes) await flush();
    },
    read: () => bytesOf([...stored, new Blob(pending)]),
    async commit() {
      await flush();
      const whole: WholeBlob = { sizeBytes: storedBytes, usedAt: unixMs(), pieces: stored.length };
      await write(set(sha256, whole, store));
    },
    async discard() {
      pending = [];
      pendingBytes = 0;
      const keys: PieceKey[] = stored.map((_, index) => [sha256, index]);
      stored.length = 0;
      storedBytes = 0;
      await delMany(keys, store);
    },
    async close() {
      // What does not fit is fetched again.
      await flush().catch(() => undefined);
      letGo();
    },
  };
}

async function openFiles(
  files: readonly WeightFile[],
  pieces: (sha256: Sha256) => Promise<Blob[]>,
): Promise<{ path: string; data: Blob }[]> {
  const whole = new Map<Sha256, Blob>();
  for (const sha256 of new Set(files.flatMap(({ parts }) => parts.map((part) => part.sha256)))) {
    whole.set(sha256, new Blob(await pieces(sha256)));
  }
  return files.map(({ path, parts }) => ({
    path,
    data: new Blob(
      parts.map(({ sha256, offset, length }) => (whole.get(sha256) as Blob).slice(offset, offset + length)),
    ),
  }));
}
