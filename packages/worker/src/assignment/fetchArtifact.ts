/** A stage's graph and weights: fetched where they are missing, then read and verified. */
import type { StageArtifact } from '@potluck/engine';
import type { BlobRef, StageDescription } from '@potluck/protocol';
import type { BlobCache } from '../blobs/blobCache.ts';
import { layersOf } from '../layersOf.ts';
import { assembleWeights } from './assembleWeights.ts';

/** Blobs fetched at the same time: enough to hide one round trip, few enough to share the line. */
const parallelFetches = 3;

export interface ArtifactWatcher {
  /** Sums over all blobs. */
  onProgress(doneBytes: number, totalBytes: number): void;
  onNote: (note: string) => void;
  /** One blob: `doneBytes` of it are here. `cached` where they were before. */
  onBlob: (blob: BlobRef, doneBytes: number, cached: boolean) => void;
  signal: AbortSignal;
}

/** What people call its weights by. */
const namesOf = (stage: StageDescription) => ({ model: stage.model, range: layersOf(stage) });

/** All that a stage is made of. */
export function blobsOf({ graph, packs, vocabulary }: StageDescription): BlobRef[] {
  return [graph, ...packs, ...(vocabulary ? [vocabulary] : [])];
}

/** Fetches what is missing. */
export async function fetchBlobs(
  blobs: BlobCache,
  stage: StageDescription,
  watcher: ArtifactWatcher,
): Promise<void> {
  const missing: BlobRef[] = [];
  for (const blob of blobsOf(stage)) {
    if (await blobs.has(blob)) watcher.onBlob(blob, blob.size, true);
    else missing.push(blob);
  }
  const totalBytes = missing.reduce((sum, { size }) => sum + size, 0);
  let doneBytes = 0;
  const stop = new AbortController();
  const signal = AbortSignal.any([watcher.signal, stop.signal]);
  const countFor = (blob: BlobRef): ((count: number) => void) => {
    let blobBytes = 0;
    return (count) => {
      blobBytes += count;
      doneBytes += count;
      watcher.onBlob(blob, blobBytes, false);
      watcher.onProgress(doneBytes, totalBytes);
    };
  };
  const lane = async (): Promise<void> => {
    for (let blob = missing.shift(); blob; blob = missing.shift()) {
      await blobs.fetch(blob, { ...namesOf(stage), onBytes: countFor(blob), onNote: watcher.onNote, signal });
    }
  };
  try {
    await Promise.all(Array.from({ length: parallelFetches }, lane));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}

/**
 * Verifies all of the stage and lets `load` have it; what is damaged is fetched again. Weights are given as files or
 * as Blobs where the host has them: the runtime then needs no second copy in memory.
 */
export async function withArtifact<Result>(
  blobs: BlobCache,
  stage: StageDescription,
  watcher: ArtifactWatcher,
  load: (artifact: StageArtifact) => Promise<Result>,
): Promise<Result> {
  const fetchWatcher = {
    ...namesOf(stage),
    onBytes: () => watcher.onProgress(0, 0),
    onNote: watcher.onNote,
    signal: watcher.signal,
  };
  const read = async (blob: BlobRef): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = await blobs.read(blob, fetchWatcher);
    watcher.onProgress(0, 0);
    return bytes;
  };
  const graph = await read(stage.graph);
  const vocabulary = stage.vocabulary && (await read(stage.vocabulary));
  const artifact = { description: stage, graph, ...(vocabulary && { vocabulary }) };
  const views = await blobs.openFiles(stage, fetchWatcher);
  if (views) return load({ ...artifact, weights: views });
  const folder = await blobs.layOut(stage, fetchWatcher);
  if (!folder) return load({ ...artifact, weights: await assembleWeights(stage, read) });
  try {
    return await load({ ...artifact, weights: [], weightsFolder: folder.path });
  } finally {
    await folder.remove();
  }
}
