/** A stage's external data files, put together from packs. */
import type { StageArtifact } from '@potluck/engine';
import type { BlobRef, StageDescription } from '@potluck/protocol';
import { AssignmentError } from '../errors.ts';

/**
 * Reads each pack once, in order. A file that lies in one pack is a view of it; only files that span packs are copied.
 * @throws AssignmentError if the description names bytes that are not there
 */
export async function assembleWeights(
  stage: Pick<StageDescription, 'packs' | 'weights'>,
  readPack: (pack: BlobRef) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<StageArtifact['weights']> {
  const sizes = new Map(stage.packs.map(({ sha256, size }) => [sha256 as string, size]));
  for (const { path, parts } of stage.weights) {
    for (const { sha256, offset, length } of parts) {
      if (offset + length > (sizes.get(sha256) ?? -1)) {
        throw new AssignmentError(`weights ${path} lie outside of the stage's packs`);
      }
    }
  }
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const pack of stage.packs) {
    const bytes = await readPack(pack);
    let isViewed = false;
    for (const { path, parts } of stage.weights) {
      let start = 0;
      for (const { sha256, offset, length } of parts) {
        if (sha256 === pack.sha256) {
          const part = bytes.subarray(offset, offset + length);
          if (parts.length === 1) {
            files.set(path, part);
            isViewed = true;
          } else fileOf(files, path, parts).set(part, start);
        }
        start += length;
      }
    }
    // All of it was copied: given back now, not when the garbage collector feels pressure.
    if (!isViewed) bytes.buffer.transfer(0);
  }
  return stage.weights.map(({ path }) => ({ path, data: files.get(path) ?? new Uint8Array(0) }));
}

function fileOf(
  files: Map<string, Uint8Array<ArrayBuffer>>,
  path: string,
  parts: { length: number }[],
): Uint8Array<ArrayBuffer> {
  const known = files.get(path);
  if (known) return known;
  const file = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  files.set(path, file);
  return file;
}
