/** Runs stages with onnxruntime-node on the CPU, as plainly as can be: the reference for what a stage computes. */
import type { Dimension, StageCache, StageTensor } from '@potluck/protocol';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { elementBits } from '../../protobuf/elementType.ts';
import type { BuiltStage } from '../buildStage.ts';
import { returnNewRows } from '../returnNewRows.ts';
import type { MemoryBlobs } from './memoryBlobs.ts';

/** How caches are kept: fed back whole, or in one buffer of fixed capacity into which new rows are written. */
export type CacheStyle = 'growing' | 'newRows';

export interface CpuStage {
  /**
   * Runs the next tokens of the only session.
   * @param boundaryIn bytes of the tensors from the stage before, in frame order
   * @returns bytes of the tensors for the next stage, or of the logits
   */
  run(tokens: readonly number[], boundaryIn: readonly Uint8Array[]): Promise<Uint8Array[]>;
  /** Forgets the session. */
  reset(): void;
  release(): Promise<void>;
}

/** Rows that a cache of fixed capacity holds. */
const capacity = 128;

/** Length of the past in each tensor as it is fed. */
interface Lengths {
  step: number;
  past: number;
  total: number;
}

export async function cpuStage(stage: BuiltStage, blobs: MemoryBlobs, style: CacheStyle): Promise<CpuStage> {
  const { description } = stage;
  const rows = style === 'newRows' ? returnNewRows(stage.graph, description) : undefined;
  const session = await InferenceSession.create(rows?.graph ?? stage.graph, {
    graphOptimizationLevel: 'all',
    intraOpNumThreads: 1,
    externalData: description.weights.map(({ path, parts }) => ({
      path,
      data: Buffer.concat(
        parts.map((part) => blobs.get(part).subarray(part.offset, part.offset + part.length)),
      ),
    })),
  });
  const isBuffered = (cache: StageCache): boolean =>
    rows !== undefined && cache.kind === 'attention' && cache.capacityPadded;
  let past = 0;
  let caches = new Map<string, Uint8Array>();

  function feeds(tokens: readonly number[], boundaryIn: readonly Uint8Array[]): Record<string, Tensor> {
    const lengths = { step: tokens.length, past, total: past + tokens.length };
    const made: Record<string, Tensor> = {};
    description.boundaryIn.forEach((tensor, position) => {
      made[tensor.name] = tensorOf(tensor, lengths, boundaryIn[position] ?? new Uint8Array(0));
    });
    for (const input of description.inputs) {
      const values = {
        'token-ids': tokens,
        'attention-mask': Array.from({ length: lengths.total }, () => 1),
        'position-ids': tokens.map((_, index) => past + index),
        'token-types': tokens.map(() => 0),
      }[input.role];
      made[input.name] = tensorOf(input, lengths, integers(values, input.type));
    }
    for (const cache of description.caches) {
      const shown = isBuffered(cache) ? { ...lengths, past: capacity } : lengths;
      const tensor = { name: cache.input, type: cache.type, dims: cache.dims };
      const bytes = caches.get(cache.input) ?? new Uint8Array(bytesFor(tensor, shown));
      made[cache.input] = tensorOf(tensor, shown, bytes);
      caches.set(cache.input, bytes);
    }
    if (rows) made[rows.pastLengthInput] = new Tensor('int64', [BigInt(past)], [1]);
    return made;
  }

  return {
    async run(tokens, boundaryIn) {
      const outputs = await session.run(feeds(tokens, boundaryIn));
      for (const cache of description.caches) {
        const bytes = bytesOf(outputs, cache.output);
        const buffer = caches.get(cache.input);
        if (isBuffered(cache) && buffer) writeRows(buffer, bytes, cache, past, tokens.length);
        else caches.set(cache.input, bytes);
      }
      past += tokens.length;
      const leaving = description.logits ? [description.logits] : description.boundaryOut;
      return leaving.map((tensor) => bytesOf(outputs, tensor.name));
    },
    reset() {
      past = 0;
      caches = new Map();
    },
    release: () => session.release(),
  };
}

function integers(values: readonly number[], type: StageTensor['type']): Uint8Array {
  if (type === 'int64') return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return new Uint8Array(Int32Array.from(values).buffer);
}

function dimsFor(dims: readonly Dimension[], lengths: Lengths): number[] {
  return dims.map((length) => (typeof length === 'number' ? length : lengths[length]));
}

function bytesFor({ type, dims }: StageTensor, lengths: Lengths): number {
  return (dimsFor(dims, lengths).reduce((product, length) => product * length, 1) * elementBits(type)) / 8;
}

/** A tensor from bytes; half precision travels as whole 16-bit words. */
function tensorOf({ type, dims }: StageTensor, lengths: Lengths, bytes: Uint8Array): Tensor {
  const { buffer } = bytes.slice();
  const shape = dimsFor(dims, lengths);
  if (type === 'float32') return new Tensor(type, new Float32Array(buffer), shape);
  if (type === 'float16') {
    const bits = new Uint16Array(buffer);
    const tensor = new Tensor(type, bits, shape);
    // Tensor makes a Float16Array of the bits where there is one, which onnxruntime-node 1.30 reads as empty.
    Object.defineProperty(tensor, 'cpuData', { value: bits });
    return tensor;
  }
  if (type === 'int64') return new Tensor(type, new BigInt64Array(buffer), shape);
  if (type === 'int32') return new Tensor(type, new Int32Array(buffer), shape);
  throw new TypeError(`No tensors of ${type} in these tests`);
}

function bytesOf(outputs: InferenceSession.OnnxValueMapType, name: string): Uint8Array {
  const data = outputs[name]?.data;
  if (!ArrayBuffer.isView(data)) throw new TypeError(`No output ${name}`);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}

/** Writes [1, heads, step, size] into [1, heads, capacity, size] from row `past` on. */
function writeRows(
  buffer: Uint8Array,
  added: Uint8Array,
  cache: StageCache,
  past: number,
  step: number,
): void {
  const axis = cache.sequenceAxis ?? 0;
  const lengthOf = (dims: readonly Dimension[]): number =>
    dims.reduce<number>((product, length) => product * (typeof length === 'number' ? length : 1), 1);
  const blocks = lengthOf(cache.dims.slice(0, axis));
  const rowBytes = (lengthOf(cache.dims.slice(axis + 1)) * elementBits(cache.type)) / 8;
  for (let block = 0; block < blocks; block++) {
    const from = block * step * rowBytes;
    buffer.set(added.subarray(from, from + step * rowBytes), (block * capacity + past) * rowBytes);
  }
}
