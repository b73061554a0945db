/**
 * A model without weights, for tests of everything around it: each row carries its token, every layer adds one to it, and
 * the answer's next token is the sum of all rows. Any lost, doubled or swapped row changes the answer.
 */
import type { LoadedStage, StageArtifact, StageHost, StepRequest } from '@potluck/engine';
import type { BlobRef, FrameTensor, StageDescription, TokenScore } from '@potluck/protocol';
import { ModelId, Sha256 } from '@potluck/protocol';
import { deferred, type Deferred } from '../src/deferred.ts';
import { SessionError } from '../src/errors.ts';

const vocabularySize = 1000;

/** The answer that `layerCount` layers give, whatever they are cut into. */
export function echoAnswer(prompt: number[], layerCount: number, length: number): number[] {
  const tokens = [...prompt];
  let sum = tokens.reduce((total, token) => total + token + layerCount, 0);
  while (tokens.length < prompt.length + length) {
    const token = sum % vocabularySize;
    tokens.push(token);
    sum += token + layerCount;
  }
  return tokens.slice(prompt.length);
}

/** How likely a token is after rows with this sum: any wrong row or token shows. */
export function echoScore(sum: number, token: number, alternatives: number): TokenScore {
  const likeliest = Array.from({ length: alternatives }, (_, index) => ({
    token: index,
    logprob: -index - 1,
  }));
  return { logprob: -sum - token / vocabularySize, topLogprobs: likeliest };
}

/** What an echo encoder makes of a text: how many tokens there are, and their sum. */
export function echoVector(tokens: readonly number[]): Float32Array {
  return Float32Array.of(
    tokens.length,
    tokens.reduce((sum, token) => sum + token, 0),
  );
}

export interface EchoStageInit {
  layerCount: number;
  firstLayer: number;
  lastLayer: number;
  graph: BlobRef;
  packs?: BlobRef[];
  /** Floats in a row; makes frames as long as wanted. Default 2. */
  width?: number;
}

/** The description of some layers of such a model. */
export function echoStage({
  layerCount,
  firstLayer,
  lastLayer,
  graph,
  packs = [],
  width = 2,
}: EchoStageInit): StageDescription {
  const row = { name: 'row', type: 'float32' as const, dims: [1, 'step' as const, width] };
  const isLast = lastLayer === layerCount - 1;
  return {
    model: ModelId.parse('echo'),
    layerCount,
    firstLayer,
    lastLayer,
    graph,
    packs,
    weights: packs.map(({ sha256, size }, index) => ({
      path: `weights-${index}`,
      parts: [{ sha256: Sha256.parse(sha256), offset: 0, length: size }],
    })),
    inputs:
      firstLayer === 0 ? [{ name: 'input_ids', type: 'int64', dims: [1, 'step'], role: 'token-ids' }] : [],
    boundaryIn: firstLayer === 0 ? [] : [row],
    boundaryOut: isLast ? [] : [row],
    caches: [],
    ...(isLast && { logits: { name: 'logits', type: 'float32', dims: [1, 1, vocabularySize] } }),
    vocabularySize,
    contextLength: 4096,
    weightBytes: packs.reduce((sum, { size }) => sum + size, 0),
    cacheBytesPerToken: 8,
    stateBytes: 0,
  };
}

/** The description of an encoder of this kind. */
export function echoEncoder(graph: BlobRef): StageDescription {
  const { logits: _, ...stage } = echoStage({ layerCount: 1, firstLayer: 0, lastLayer: 0, graph });
  return {
    ...stage,
    encoding: { name: 'vector', type: 'float32', dims: [1, 2] },
    cacheBytesPerToken: 0,
  };
}

export interface EchoStageHost extends StageHost {
  /** Everything that was loaded. */
  readonly artifacts: StageArtifact[];
  /** Caches that are open now. */
  readonly openCaches: Set<string>;
  /** Ends all stages as a crash would. */
  crash(reason: string): void;
  /** While set, `load` does not return. */
  holdLoads: Promise<void> | undefined;
  /** While set, steps wait for it. */
  holdSteps: Promise<void> | undefined;
}

export function echoStageHost(): EchoStageHost {
  const artifacts: StageArtifact[] = [];
  const openCaches = new Set<string>();
  let losses: Deferred<never>[] = [];
  const host: EchoStageHost = {
    artifacts,
    openCaches,
    holdLoads: undefined,
    holdSteps: undefined,
    crash(reason) {
      for (const loss of losses.splice(0)) loss.reject(new Error(reason));
    },
    async load(artifact, cacheBytes) {
      await host.holdLoads;
      artifacts.push(artifact);
      const lost = deferred<never>();
      losses.push(lost);
      const stage = echoLoadedStage(artifact.description, cacheBytes, openCaches, () => host.holdSteps);
      return {
        ...stage,
        lost: lost.promise,
        async dispose() {
          losses = losses.filter((loss) => loss !== lost);
        },
      };
    },
  };
  return host;
}

function echoLoadedStage(
  stage: StageDescription,
  cacheBytes: number,
  openCaches: Set<string>,
  hold: () => Promise<void> | undefined,
): Omit<LoadedStage, 'lost' | 'dispose'> {
  /** `sums[n]`: of the first n rows. */
  const caches = new Map<string, { epoch: number; capacity: number; sums: number[] }>();
  const find = (cacheId: string): { epoch: number; capacity: number; sums: number[] } => {
    const cache = caches.get(cacheId);
    if (!cache) throw new SessionError('cache-miss', `no cache ${cacheId}`);
    return cache;
  };
  let room = cacheBytes;
  const usedTokens = (): number => [...caches.values()].reduce((sum, { capacity }) => sum + capacity, 0);
  const layers = stage.lastLayer - stage.firstLayer + 1;
  const isLast = stage.logits !== undefined;

  return {
    description: stage,
    cacheBytes,
    stepShape: { graph: 'own', members: 1, rows: 1, replay: 'steps' },
    async encode({ tokenIds }) {
      await hold();
      if (!stage.encoding) throw new SessionError('bad-frame', 'no encoder');
      return { vector: echoVector(tokenIds), queueMs: 0, computeMs: 1 };
    },
    async warmUp() {},
    async usage() {
      return { reservedBytes: usedTokens() * stage.cacheBytesPerToken, caches: caches.size };
    },
    async open({ cacheId, epoch, capacity, from }) {
      const source = from && find(from.cacheId);
      if (from && (source?.sums.length ?? 0) <= from.length) {
        throw new SessionError('cache-miss', `cache ${from.cacheId} is shorter than ${from.length}`);
      }
      if (from?.take === true) {
        caches.delete(from.cacheId);
        openCaches.delete(from.cacheId);
      }
      const free = Math.floor(room / stage.cacheBytesPerToken) - usedTokens();
      if (!caches.has(cacheId) && capacity > free) {
        throw new SessionError('no-room', `asked for ${capacity} tokens, ${free} left`);
      }
      const earlier = caches.get(cacheId);
      if (earlier) earlier.epoch = epoch;
      else {
        const sums = source?.sums.slice(0, (from?.length ?? 0) + 1) ?? [0];
        caches.set(cacheId, { epoch, capacity, sums });
      }
      openCaches.add(cacheId);
    },
    async step({ cacheId, epoch, position, length, tokenIds, boundary, sample, score }: StepRequest) {
      await hold();
      const cache = caches.get(cacheId);
      if (cache?.epoch !== epoch || cache.sums.length - 1 !== position) {
        throw new SessionError('cache-miss', `no cache for epoch ${epoch}, position ${position}`);
      }
      const rows = boundary ? readRows(boundary[0] as FrameTensor) : rowsOf(tokenIds ?? [], stage);
      for (let row = 0; row < length; row++) {
        const at = (row * rows.length) / length;
        rows[at] = (rows[at] as number) + layers;
        cache.sums.push((cache.sums.at(-1) ?? 0) + rows[at]);
      }
      const timings = { queueMs: 0, computeMs: 0 };
      if (!isLast) {
        const { name: _, dims, ...tensor } = stage.boundaryOut[0] as (typeof stage.boundaryOut)[0];
        const width = dims[2] as number;
        const bytes = new Uint8Array(rows.buffer);
        return { boundary: [{ ...tensor, dims: [1, length, width], bytes } as FrameTensor], ...timings };
      }
      const sum = cache.sums.at(-1) ?? 0;
      const scores = score?.tokens.map((token, row) =>
        echoScore(cache.sums[position + row + 1] ?? 0, token, score.alternatives),
      );
      return {
        ...(sample && { sampled: { token: sum % vocabularySize } }),
        ...(scores && { scores }),
        ...timings,
      };
    },
    async truncate(cacheId, length) {
      find(cacheId).sums.splice(length + 1);
    },
    async resize(bytes) {
      room = bytes;
    },
    async release(cacheId) {
      caches.delete(cacheId);
      openCaches.delete(cacheId);
    },
  };
}

function rowsOf(tokenIds: readonly number[], stage: StageDescription): Float32Array<ArrayBuffer> {
  const width = (stage.boundaryOut[0]?.dims[2] as number | undefined) ?? 1;
  const rows = new Float32Array(tokenIds.length * width);
  for (const [row, token] of tokenIds.entries()) rows[row * width] = token;
  return rows;
}

function readRows({ bytes }: FrameTensor): Float32Array<ArrayBuffer> {
  return new Float32Array(bytes.slice().buffer);
}
