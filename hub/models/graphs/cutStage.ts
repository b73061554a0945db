/** Cuts stages out of a graph that lies as a blob. The last graph stays in memory. */
import {
  buildStage,
  readPackedDecoder,
  readPackedEncoder,
  type BuiltStage,
  type LayerRange,
} from '@potluck/onnx';
import type { BlobRef, Sha256 } from '@potluck/protocol';
import { BlobStore } from '../blobStore.ts';
import { ModelError } from '../modelError.ts';

/** Where a graph is, and what it is of. */
export interface GraphPlace {
  /** Folder of the blobs. */
  blobs: string;
  sha256: Sha256;
  isEncoder: boolean;
}

/** A stage whose graph is kept as a blob. */
export interface CutStage {
  graph: BlobRef;
  description: BuiltStage['description'];
}

type Build = (range: LayerRange) => BuiltStage;

let last: { sha256: Sha256; build: Build } | undefined;

/** @returns false where the blob is missing or damaged */
export async function canOpen(place: GraphPlace): Promise<boolean> {
  return (await openGraph(place)) !== undefined;
}

async function openGraph(place: GraphPlace): Promise<Build | undefined> {
  return last?.sha256 === place.sha256 ? last.build : readGraph(place);
}

/**
 * Reads a graph, which is then the one that stays in memory.
 * @returns what builds its stages; undefined where the blob is missing or damaged
 */
export async function readGraph({ blobs, sha256, isEncoder }: GraphPlace): Promise<Build | undefined> {
  const graph = await new BlobStore(blobs).read(sha256);
  if (!graph) return undefined;
  const build = await stageBuilder(graph, isEncoder);
  last = { sha256, build };
  return build;
}

/**
 * @throws ModelError if the graph's blob is missing or damaged; StorageError if the disk is full
 */
export async function cutStage(place: GraphPlace, range: LayerRange): Promise<CutStage> {
  const build = await openGraph(place);
  if (!build) throw new ModelError('its graph is missing or damaged');
  const { graph, description } = build(range);
  return { graph: await new BlobStore(place.blobs).put(graph), description };
}

/** An encoder is one stage as it is. */
async function stageBuilder(graph: Uint8Array, isEncoder: boolean): Promise<Build> {
  if (isEncoder) {
    const stage = await readPackedEncoder(graph);
    return () => stage;
  }
  const decoder = await readPackedDecoder(graph);
  return (range) => buildStage(decoder, range);
}
