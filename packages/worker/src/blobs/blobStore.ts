/** The port behind which a host keeps blobs for good: files in Node, IndexedDB in a tab. */
import type { Sha256, WeightFile } from '@potluck/protocol';

/** A blob on its way in. Bytes are appended in order and survive a restart until `commit` or `discard`. */
export interface PartialBlob {
  /** Bytes that are there already. */
  readonly size: number;
  /** @throws StorageFullError if there is no room */
  append(bytes: Uint8Array): Promise<void>;
  /** Everything appended so far, to be checked before `commit`. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
  /** The bytes are what the name says: keep them. @throws StorageFullError */
  commit(): Promise<void>;
  /** Forget the bytes. */
  discard(): Promise<void>;
  /** Stop here; what is there can be continued later. */
  close(): Promise<void>;
}

export interface BlobStore {
  /** How long it may take until others can use the room of what was removed. Default 0: at once. */
  readonly roomShowsWithinMs?: number;
  /** Names of whole blobs, those first that were kept or touched longest ago. */
  list(): Promise<Sha256[]>;
  /** Notes that a whole blob is used now; nothing happens where it isn't. */
  touch(sha256: Sha256): Promise<void>;
  /** A whole blob's size, undefined where it isn't. */
  sizeOf(sha256: Sha256): Promise<number | undefined>;
  /** Whole blobs, and the bytes that they take. */
  usage(): Promise<{ blobs: number; bytes: number }>;
  /** A whole blob in a buffer of its own (the caller may transfer it), undefined where it isn't. Not verified. */
  read(sha256: Sha256): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Opens the place where the blob arrives; one at a time for each blob. @throws StorageFullError */
  openPartial(sha256: Sha256): Promise<PartialBlob>;
  /** Forgets a whole blob. */
  remove(sha256: Sha256): Promise<void>;
  /**
   * Keeps blobs, also those that are yet to come, from `removeUnheld`; only where others have the same store open.
   * @returns what lets go of them, once they are kept
   */
  hold?(names: readonly Sha256[]): Promise<() => void>;
  /**
   * Forgets a whole blob unless somebody holds it; only where others have the same store open.
   * @returns false where it stays
   */
  removeUnheld?(sha256: Sha256): Promise<boolean>;
  /**
   * Lays external data files out in a folder, for a runtime that maps files instead of copying buffers; only where
   * blobs are files. All blobs must be there. @throws StorageFullError
   */
  layOut?(files: readonly WeightFile[]): Promise<WeightsFolder>;
  /**
   * External data files as Blobs that read from storage when they are read; only where blobs are Blobs. All blobs must
   * be there.
   */
  openFiles?(files: readonly WeightFile[]): Promise<{ path: string; data: Blob }[]>;
}

/** A folder that holds one stage's external data files for as long as it takes to load them. */
export interface WeightsFolder {
  readonly path: string;
  remove(): Promise<void>;
}
