/** Runs a decoder on the CPU as one piece: the yardstick for everything that rewrites or cuts it. */
import ort from 'onnxruntime-node';
import type { OnnxModel, OnnxTensor, OnnxValue } from '../model.ts';
import { writeModel } from '../protobuf/writeModel.ts';

export interface CpuDecoderOptions {
  /** For dimensions of caches that have a symbol, the width of a head in values. Default 0, which then fails. */
  headSize?: number;
  /** Default 1, so that sums are always taken in the same order. */
  threads?: number;
}

/** A session over a model in memory, and the caches of one sequence. */
export class CpuDecoder {
  readonly #session: ort.InferenceSession;
  readonly #inputs: OnnxValue[];
  readonly #headSize: number;
  #caches = new Map<string, ort.Tensor>();
  #position = 0;

  private constructor(session: ort.InferenceSession, model: OnnxModel, headSize: number) {
    this.#session = session;
    this.#inputs = model.graph.inputs;
    this.#headSize = headSize;
  }

  /** Loads the model; weights are handed over one by one. `model` itself stays as it is. */
  static async create(
    model: OnnxModel,
    readTensor: (tensor: OnnxTensor) => Promise<Uint8Array>,
    { headSize = 0, threads = 1 }: CpuDecoderOptions = {},
  ): Promise<CpuDecoder> {
    const { bytes, externalData } = await runnableModel(model, readTensor);
    const session = await ort.InferenceSession.create(bytes, {
      externalData,
      intraOpNumThreads: threads,
      logSeverityLevel: 4,
    });
    return new CpuDecoder(session, model, headSize);
  }

  /**
   * Runs these tokens after those before them.
   * @returns one array [vocabulary] of logits for each position that the model gives logits for
   */
  async step(tokenIds: readonly number[]): Promise<Float32Array[]> {
    const total = this.#position + tokenIds.length;
    const feeds = Object.fromEntries(
      this.#inputs.map((input) => [
        input.name,
        this.#caches.get(input.name) ?? this.#feed(input, tokenIds, total),
      ]),
    );
    const results = await this.#session.run(feeds);
    this.#position = total;
    for (const [name, tensor] of Object.entries(results)) {
      if (name !== 'logits')
        this.#caches.set(
          name.replace(/^present(?=_conv)/, 'past').replace(/^present\./, 'past_key_values.'),
          tensor.type === 'float16' ? halfTensor(bitsOf(tensor), tensor.dims) : tensor,
        );
    }
    const logits = results.logits;
    if (logits?.type !== 'float32' && logits?.type !== 'float16')
      throw new Error('The model has no output called logits of floats');
    const values = Float32Array.from(logits.data as Float32Array);
    const vocabulary = logits.dims.at(-1) ?? 0;
    return Array.from({ length: values.length / vocabulary }, (_, row) =>
      values.slice(row * vocabulary, (row + 1) * vocabulary),
    );
  }

  /** Forgets the sequence. */
  reset(): void {
    this.#caches.clear();
    this.#position = 0;
  }

  /** The likeliest continuation of a new sequence, at most `count` tokens, `stopTokenId` included. */
  async greedy(prompt: readonly number[], count: number, stopTokenId = -1): Promise<number[]> {
    this.reset();
    const answer: number[] = [];
    let next = largestPlace((await this.step(prompt)).at(-1));
    while (answer.push(next) < count && next !== stopTokenId) {
      next = largestPlace((await this.step([next])).at(-1));
    }
    return answer;
  }

  /** Frees the session. */
  async release(): Promise<void> {
    this.reset();
    await this.#session.release();
  }

  #feed(input: OnnxValue, tokenIds: readonly number[], total: number): ort.Tensor {
    const integers = (values: readonly number[]): ort.Tensor =>
      new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
    if (input.name === 'input_ids') return integers(tokenIds);
    if (input.name === 'attention_mask') return integers(new Array<number>(total).fill(1));
    if (input.name === 'position_ids') return integers(tokenIds.map((_, place) => this.#position + place));
    // An empty cache: no rows along the symbolic axis before the last; states of fixed size start as zeros.
    const dims = input.dims.map((dimension, axis) => {
      if (typeof dimension === 'number') return dimension;
      if (axis === 0) return 1;
      return axis === input.dims.length - 1 ? this.#headSize : 0;
    });
    const elements = dims.reduce((product, extent) => product * extent, 1);
    return input.type === 'float16'
      ? halfTensor(new Uint16Array(elements), dims)
      : new ort.Tensor('float32', new Float32Array(elements), dims);
  }
}

/** onnxruntime-node 1.30 can't read the Float16Array that its Tensor makes of the bits: they are put back. */
function halfTensor(bits: Uint16Array, dims: readonly number[]): ort.Tensor {
  const tensor = new ort.Tensor('float16', bits, dims);
  Object.defineProperty(tensor, 'cpuData', { value: bits, writable: true });
  return tensor;
}

function bitsOf({ data }: ort.Tensor): Uint16Array {
  const { buffer, byteOffset, byteLength } = data as unknown as ArrayBufferView;
  return new Uint16Array(buffer, byteOffset, byteLength / 2);
}

/** The place of the largest value; the first among equals. */
export function largestPlace(values: Float32Array | undefined): number {
  let largest = 0;
  values?.forEach((value, place) => {
    if (value > (values[largest] ?? -Infinity)) largest = place;
  });
  return largest;
}

/** A model as bytes, with every weight that is not in it as external data of its own. */
export async function runnableModel(
  model: OnnxModel,
  readTensor: (tensor: OnnxTensor) => Promise<Uint8Array>,
): Promise<{ bytes: Uint8Array; externalData: { path: string; data: Uint8Array }[] }> {
  const externalData: { path: string; data: Uint8Array }[] = [];
  const initializers = new Map<string, OnnxTensor>();
  for (const [name, tensor] of model.graph.initializers) {
    if (tensor.data.kind === 'inline') {
      initializers.set(name, tensor);
      continue;
    }
    const data = await readTensor(tensor);
    const file = `weight_${externalData.length}`;
    externalData.push({ path: file, data });
    initializers.set(name, { ...tensor, data: { kind: 'range', file, offset: 0, length: data.length } });
  }
  return { bytes: writeModel({ ...model, graph: { ...model.graph, initializers } }), externalData };
}
