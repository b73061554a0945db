/** Puts weights into packs, one pack in memory at a time, and lets the graph's tensors refer to them. */
import { maxPackBytes, type BlobRef } from '@potluck/protocol';
import { OnnxFormatError } from '../errors.ts';
import type { OnnxGraph, OnnxTensor } from '../model.ts';
import { tensorBytes } from '../protobuf/elementType.ts';
import { maxInlineTensorBytes } from '../protobuf/limits.ts';
import type { FileSizes } from '../protobuf/fileSizes.ts';
import type { DecoderPart } from './weightParts.ts';

/** Where blobs go; the name is the hash of the bytes. */
export interface BlobSink {
  put(bytes: Uint8Array): Promise<BlobRef>;
}

export interface ImportProgress {
  /** Bytes of weights packed so far. */
  doneBytes: number;
  totalBytes: number;
}

export interface PackedWeights {
  packs: BlobRef[];
  /** Packs of each tensor that spans several, by the path that the tensor names. */
  spanning: Map<string, BlobRef[]>;
}

/** Alignment of a tensor in its pack, in bytes: what vector loads and GPU uploads like. */
const alignmentBytes = 64;

/** Bytes read from a source at a time. */
const readBytes = 8 * 1024 * 1024;

interface Piece {
  tensor: OnnxTensor;
  /** Where it starts in its pack, in bytes. */
  offset: number;
}

/** One pack, or one tensor that takes several packs for itself. */
type Bundle = { kind: 'pack'; pieces: Piece[]; size: number } | { kind: 'spanning'; tensor: OnnxTensor };

/**
 * Packs all weights larger than what is kept inline. Weights of the same parts lie together, so that a stage needs no
 * pack for a few bytes of it.
 */
export async function packWeights(
  graph: OnnxGraph,
  parts: ReadonlyMap<string, DecoderPart[]>,
  files: FileSizes,
  sink: BlobSink,
  options: {
    onProgress?: ((progress: ImportProgress) => void) | undefined;
    signal?: AbortSignal | undefined;
    maxBytes?: number;
  } = {},
): Promise<PackedWeights> {
  const limit = options.maxBytes ?? maxPackBytes;
  await keepSmallInline(graph, files);
  const groups = groupByParts(graph, parts);
  const totalBytes = groups.flat().reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const packed: PackedWeights = { packs: [], spanning: new Map() };
  const known = new Map<string, BlobRef>();
  let doneBytes = 0;
  const put = async (bytes: Uint8Array): Promise<BlobRef> => {
    options.signal?.throwIfAborted();
    const blob = await sink.put(bytes);
    if (!known.has(blob.sha256)) packed.packs.push(blob);
    known.set(blob.sha256, blob);
    return blob;
  };
  for (const bundle of groups.flatMap((group) => layOut(group, limit))) {
    if (bundle.kind === 'pack') {
      const bytes = new Uint8Array(bundle.size);
      for (const { tensor, offset } of bundle.pieces)
        await fill(bytes.subarray(offset, offset + bytesOf(tensor)), tensor, files);
      const blob = await put(bytes);
      for (const { tensor, offset } of bundle.pieces) {
        const length = bytesOf(tensor);
        tensor.data = { kind: 'range', file: blob.sha256, offset, length };
        doneBytes += length;
      }
    } else {
      const path = `spanning-${packed.spanning.size}`;
      const length = bytesOf(bundle.tensor);
      const blobs: BlobRef[] = [];
      const source = await wholeOf(bundle.tensor, files);
      for (let start = 0; start < length; start += limit) {
        const bytes = new Uint8Array(Math.min(limit, length - start));
        await source(bytes, start);
        blobs.push(await put(bytes));
        doneBytes += bytes.length;
        options.onProgress?.({ doneBytes, totalBytes });
      }
      packed.spanning.set(path, blobs);
      bundle.tensor.data = { kind: 'range', file: path, offset: 0, length };
    }
    options.onProgress?.({ doneBytes, totalBytes });
  }
  return packed;
}

/**
 * Brings small tensors that a rewrite made into the graph: its readers take their values from there, and find none in
 * packs.
 */
async function keepSmallInline(graph: OnnxGraph, files: FileSizes): Promise<void> {
  for (const tensor of graph.initializers.values()) {
    const size = bytesOf(tensor);
    if (size > maxInlineTensorBytes || tensor.data.kind === 'inline') continue;
    const bytes = new Uint8Array(size);
    await fill(bytes, tensor, files);
    tensor.data = { kind: 'inline', bytes };
  }
}

/** Bytes of a tensor's data. */
export function bytesOf(tensor: OnnxTensor): number {
  return tensorBytes(tensor.type, tensor.dims);
}

/** Tensors to pack, those of the same parts together, in the order of the first part that needs them. */
function groupByParts(graph: OnnxGraph, parts: ReadonlyMap<string, DecoderPart[]>): OnnxTensor[][] {
  const groups = new Map<string, OnnxTensor[]>();
  for (const [name, needing] of parts) {
    const tensor = graph.initializers.get(name);
    if (!tensor || bytesOf(tensor) <= maxInlineTensorBytes) continue;
    const key = needing.join(' ');
    const group = groups.get(key);
    if (group) group.push(tensor);
    else groups.set(key, [tensor]);
  }
  return [...groups.values()];
}

function layOut(tensors: readonly OnnxTensor[], limit: number): Bundle[] {
  const bundles: Bundle[] = [];
  let open: Extract<Bundle, { kind: 'pack' }> | undefined;
  for (const tensor of tensors) {
    const length = bytesOf(tensor);
    if (length > limit) {
      bundles.push({ kind: 'spanning', tensor });
      continue;
    }
    const offset = open ? Math.ceil(open.size / alignmentBytes) * alignmentBytes : 0;
    if (!open || offset + length > limit) {
      open = { kind: 'pack', pieces: [{ tensor, offset: 0 }], size: length };
      bundles.push(open);
    } else {
      open.pieces.push({ tensor, offset });
      open.size = offset + length;
    }
  }
  return bundles;
}

async function fill(target: Uint8Array, tensor: OnnxTensor, files: FileSizes): Promise<void> {
  const read = await wholeOf(tensor, files);
  await read(target, 0);
}

/** A reader of any part of a tensor's bytes. A computed tensor is computed once, and then held while it is read. */
async function wholeOf(
  tensor: OnnxTensor,
  files: FileSizes,
): Promise<(target: Uint8Array, start: number) => Promise<void>> {
  const { data } = tensor;
  if (data.kind === 'range') {
    return async (target, start) => {
      for (let done = 0; done < target.length; done += readBytes) {
        const length = Math.min(readBytes, target.length - done);
        target.set(await files.read(data.file, data.offset + start + done, length), done);
      }
    };
  }
  const bytes = data.kind === 'inline' ? data.bytes : await data.compute();
  if (bytes.length !== bytesOf(tensor)) {
    throw new OnnxFormatError(`${bytes.length} bytes were made, ${bytesOf(tensor)} are needed`, tensor.name);
  }
  return async (target, start) => target.set(bytes.subarray(start, start + target.length));
}
