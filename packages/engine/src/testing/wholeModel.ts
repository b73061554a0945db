/** The whole original model under onnxruntime-node, without anything of ours in between: what stages must agree with. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readModel, type OnnxValue } from '@potluck/onnx';
import { directoryModelFiles } from '@potluck/onnx/node';
import type { ElementType } from '@potluck/protocol';
import type { Tensor } from 'onnxruntime-common';
import { elementCount } from '../tensor/dimensions.ts';
import { stageElementType, tensorBytes } from '../tensor/elements.ts';
import { makeTensor } from '../tensor/makeTensor.ts';
import { nodeOrt } from './nodeOrt.ts';

export interface WholeModelOptions {
  /** Rows of an empty cache whose length has this symbol in its name; others begin without rows. */
  ring?: { symbol: string; rows: number };
  /**
   * Runs each step as stages that batch do: with dummy rows behind the real ones, so that it has at least two and ends at a
   * multiple of 4. Some processors' kernels round a single row in another way. For caches of [batch, heads, rows, size].
   */
  dummyRows?: boolean;
}

/** Answers greedily with the graph as it was exported. @param directory holds config.json, and in onnx/ the graph */
export async function answerWhole(
  directory: string,
  graphFile: string,
  prompt: readonly number[],
  count: number,
  options: WholeModelOptions = {},
): Promise<number[]> {
  const { graph, session, headSize } = await openWhole(directory, graphFile);
  const caches = new Map<string, Tensor>();
  const answer: number[] = [];
  let fed = prompt;
  for (let past = 0; answer.length < count; past += fed.length, fed = answer.slice(-1)) {
    const total = past + fed.length;
    const end = options.dummyRows ? 4 * Math.ceil((past + Math.max(2, fed.length)) / 4) : total;
    const run = [...fed, ...new Array<number>(end - total).fill(0)];
    const cacheOf = (input: OnnxValue): Tensor =>
      caches.get(input.name) ?? emptyCache(input, headSize, options);
    const results = await session.run(feedsOf(graph.inputs, run, past, cacheOf));
    for (const [name, tensor] of Object.entries(results)) {
      const type = stageElementType(tensor.type as ElementType);
      const whole = { bytes: tensorBytes(tensor), dims: [...tensor.dims] };
      const { bytes, dims } = end > total && name !== 'logits' ? firstRows(whole, total) : whole;
      caches.set(
        name.replace(/^present\./, 'past_key_values.'),
        makeTensor(nodeOrt, type, bytes.slice(), dims),
      );
    }
    answer.push(likeliest(results['logits'], end - total));
  }
  await session.release();
  return answer;
}

/** Logits of every token of a prompt, by the graph as it was exported, in one run. @returns [tokens][vocabulary] */
export async function logitsOfPrompt(
  directory: string,
  graphFile: string,
  prompt: readonly number[],
): Promise<Float32Array[]> {
  const { graph, session, headSize } = await openWhole(directory, graphFile);
  const results = await session.run(
    feedsOf(graph.inputs, prompt, 0, (input) => emptyCache(input, headSize, {})),
  );
  const logits = results['logits'] as Tensor;
  const size = logits.dims.at(-1) ?? 0;
  const all = new Float32Array(tensorBytes(logits).slice().buffer);
  await session.release();
  return prompt.map((_, row) => all.subarray(row * size, (row + 1) * size));
}

async function openWhole(directory: string, graphFile: string) {
  const folder = path.join(directory, 'onnx');
  const { graph } = await readModel(directoryModelFiles(folder), graphFile);
  const session = await nodeOrt.InferenceSession.create(path.join(folder, graphFile), {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  return { graph, session, headSize: await headSizeOf(directory) };
}

/** @param past tokens before these */
function feedsOf(
  inputs: readonly OnnxValue[],
  tokens: readonly number[],
  past: number,
  cacheOf: (input: OnnxValue) => Tensor,
): Record<string, Tensor> {
  const values = new Map([
    ['input_ids', tokens],
    ['attention_mask', new Array<number>(past + tokens.length).fill(1)],
    ['position_ids', tokens.map((_, place) => past + place)],
  ]);
  const feeds = inputs.map((input) => {
    const integers = values.get(input.name);
    const tensor = integers
      ? new nodeOrt.Tensor('int64', BigInt64Array.from(integers, BigInt), [1, integers.length])
      : cacheOf(input);
    return [input.name, tensor] as const;
  });
  return Object.fromEntries(feeds);
}

function emptyCache({ name, type, dims }: OnnxValue, headSize: number, { ring }: WholeModelOptions): Tensor {
  const shape = dims.map((length, axis) => {
    if (typeof length === 'number') return length;
    if (axis === 0) return 1;
    if (axis === dims.length - 1) return headSize;
    return ring && length?.includes(ring.symbol) ? ring.rows : 0;
  });
  const element = type === 'float16' ? 2 : 4;
  if (type !== 'float16' && type !== 'float32') throw new TypeError(`Input ${name} of ${type}`);
  return makeTensor(nodeOrt, type, new Uint8Array(elementCount(shape) * element), shape);
}

/** The first rows of a cache [batch, heads, rows, size]. */
function firstRows(
  { bytes, dims }: { bytes: Uint8Array; dims: number[] },
  rows: number,
): { bytes: Uint8Array; dims: number[] } {
  const [batch = 0, heads = 0, all = 0, size = 0] = dims;
  const headBytes = bytes.byteLength / (batch * heads);
  const kept = (headBytes * rows) / all;
  const cut = Buffer.concat(
    Array.from({ length: batch * heads }, (_, head) =>
      bytes.subarray(head * headBytes, head * headBytes + kept),
    ),
  );
  return { bytes: new Uint8Array(cut), dims: [batch, heads, rows, size] };
}

/** @param dummies rows behind the one that counts */
function likeliest(logits: Tensor | undefined, dummies: number): number {
  if (!logits) throw new TypeError('The model has no output called logits');
  const bytes = tensorBytes(logits).slice();
  const all = logits.type === 'float16' ? new Float16Array(bytes.buffer) : new Float32Array(bytes.buffer);
  const vocabulary = logits.dims.at(-1) ?? 0;
  const end = all.length - dummies * vocabulary;
  const last = [...all.slice(end - vocabulary, end)];
  return last.indexOf(Math.max(...last));
}

async function headSizeOf(directory: string): Promise<number> {
  const text = await readFile(path.join(directory, 'config.json'), 'utf8');
  return (JSON.parse(text) as { head_dim?: number }).head_dim ?? 0;
}
