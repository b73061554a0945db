import { randomUUID } from 'node:crypto';
import { WorkerId, mostFullSessions, type PromptStep } from '@potluck/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isGpu } from './isGpu.ts';
import {
  activationBytes,
  chunkLengths,
  chunkTokensOf,
  leastChunkTokens,
  longestChunkTokens,
  type MeasuredStage,
} from './promptChunks.ts';
import { shareCaches } from './shareCaches.ts';
import { stageBytes, type SizedModel } from './stageMemory.ts';

/** A stage that takes so long over a chunk. */
const stage = (time: (tokens: number) => number, mostChunkTokens = longestChunkTokens): MeasuredStage => ({
  mostChunkTokens,
  promptSteps: chunkLengths(mostChunkTokens).map((tokens): PromptStep => ({
    tokens,
    milliseconds: time(tokens),
  })),
});
/** Handing kernels to a GPU takes a while, whatever they compute. */
const gpu = stage((tokens) => 20 + tokens / 25);
const processor = stage((tokens) => tokens / 4);

test('chunks are as long as make prompts faster at the devices', () => {
  expect(chunkTokensOf([gpu])).toBe(2048);
  // Four times as many tokens in four times the time: nothing is gained.
  expect(chunkTokensOf([processor])).toBe(256);
  expect(chunkTokensOf([stage((tokens) => Math.max(30, tokens / 20))])).toBe(1024);
  // What a few percent may bring is left.
  expect(chunkTokensOf([stage((tokens) => 0.5 + tokens / 10)])).toBe(256);
});

test('stages that work at the same time need chunks for that', () => {
  const even = stage((tokens) => 2 + tokens / 20);
  expect(chunkTokensOf([even])).toBe(1024);
  expect(chunkTokensOf([even, even, even, even])).toBe(256);
});

test('a chunk that would hold other answers up for long is not taken, whether there are others or not', () => {
  // 256 tokens take 164 ms, 512 would take 228 ms, and 1,024 more than the 250 ms that a chunk may take.
  expect(chunkTokensOf([stage((tokens) => 100 + tokens / 4)])).toBe(512);
  expect(chunkTokensOf([stage((tokens) => 1000 + tokens / 4)])).toBe(256);
});

test('what was not measured at every stage, or has no room at one of them, is not taken', () => {
  expect(chunkTokensOf([{ mostChunkTokens: 2048 }])).toBe(256);
  expect(chunkTokensOf([gpu, { mostChunkTokens: 2048 }])).toBe(256);
  expect(chunkTokensOf([gpu, { mostChunkTokens: 256 }])).toBe(256);
  const promptSteps = gpu.promptSteps!.slice(0, 2);
  expect(chunkTokensOf([gpu, { mostChunkTokens: 2048, promptSteps }])).toBe(512);
  expect(chunkTokensOf([{ ...gpu, mostChunkTokens: 1024 }])).toBe(1024);
});

test('lengths are halved from the longest down to the least', () => {
  expect(chunkLengths(2048)).toEqual([256, 512, 1024, 2048]);
  expect(chunkLengths(1500)).toEqual([256, 375, 750, 1500]);
  expect(chunkLengths(256)).toEqual([256]);
  expect(chunkLengths(100)).toEqual([256]);
});

test('GPUs in software are processors', () => {
  const webgpu = (description: string): boolean => isGpu({ kind: 'webgpu', description });
  expect(webgpu('nvidia hopper')).toBe(true);
  expect(isGpu({ kind: 'cuda', description: 'cuda, ONNX Runtime' })).toBe(true);
  expect(webgpu('webgpu (software), ONNX Runtime')).toBe(false);
  expect(webgpu('google swiftshader')).toBe(false);
  expect(isGpu({ kind: 'cpu', description: 'a processor' })).toBe(false);
  expect(isGpu({ kind: 'wasm', description: 'processor, 2 threads' })).toBe(false);
});

const model = (layerCount: number, init: Partial<SizedModel> = {}): SizedModel => ({
  layers: Array.from({ length: layerCount }, (_, layer) => ({
    weightBytes: 10e6,
    cacheBytesPerToken: 1000,
    stateBytes: 0,
    boundary: layer === 0 ? [] : [{ name: 'hidden', type: 'float32', dims: [1, 'step', 1000] }],
  })),
  embeddingBytes: 0,
  headBytes: 0,
  tiedBytes: 0,
  sharedWeights: [],
  contextLength: 4096,
  ...init,
});

/** One stage with all layers at a worker. */
function shared(sizes: SizedModel, freeBytes: number, isGpu: boolean) {
  const lastLayer = sizes.layers.length - 1;
  const memoryBytes = stageBytes(sizes)(0, lastLayer);
  const placed = { workerId: WorkerId.parse(randomUUID()), firstLayer: 0, lastLayer, memoryBytes };
  return shareCaches(sizes, [placed], () => ({ freeBytes, isGpu }))[0]!;
}

test('the activations of long chunks are counted where a GPU has room for them', () => {
  const onGpu = shared(model(4), 4e9, true);
  const onProcessor = shared(model(4), 4e9, false);
  expect([onGpu.mostChunkTokens, onProcessor.mostChunkTokens]).toEqual([2048, 256]);
  // 18 tensors of 1,000 numbers of 4 bytes for each token.
  expect(activationBytes(model(4), 2048)).toBe(2048 * 18 * 4000);
  const beside = (one: typeof onGpu): number => one.memoryBytes - one.cacheBytes;
  expect(beside(onGpu) - beside(onProcessor)).toBe(2048 * 18 * 4000);
});

test('where memory is short the chunk is halved, and nothing is refused for it', () => {
  const sizes = model(4);
  const needed = stageBytes(sizes)(0, 3);
  const lengths = [0, 0.3e9, 0.6e9, 1e9, 2e9].map(
    (more) => shared(sizes, needed + more, true).mostChunkTokens,
  );
  expect(lengths).toEqual([256, 512, 1024, 1024, 2048]);
  // One layer: nothing says how wide the hidden state is.
  expect(shared(model(1), 4e9, true).mostChunkTokens).toBe(256);
  expect(shared(model(4, { contextLength: 1500 }), 4e9, true).mostChunkTokens).toBe(1500);
});

test('a stage never takes more than there is, and a session of full length fits as it did without long chunks', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4e9 }),
      fc.integer({ min: 16, max: 100_000 }),
      (more, contextLength) => {
        const sizes = model(4, { contextLength });
        const freeBytes = stageBytes(sizes)(0, 3) + more;
        const [onGpu, onProcessor] = [true, false].map((isGpu) => shared(sizes, freeBytes, isGpu));
        expect(onGpu!.memoryBytes).toBeLessThanOrEqual(freeBytes);
        expect(onGpu!.mostChunkTokens).toBeGreaterThanOrEqual(leastChunkTokens);
        const session = contextLength * 4 * 1000;
        expect(onGpu!.cacheBytes >= session).toBe(onProcessor!.cacheBytes >= session);
      },
    ),
  );
});

test('a small model reserves caches for the sessions that a stage holds, and leaves the rest to other models', () => {
  const sizes = model(4, { contextLength: 256 });
  const session = 256 * 4 * 1000;
  expect(shared(sizes, 64e9, false).cacheBytes).toBe(mostFullSessions * session);
});
