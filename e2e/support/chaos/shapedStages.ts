/**
 * A model without weights whose answers show every fault of recovery. What a layer makes of a row depends on all rows before it,
 * in their order, and in some layers on how many rows ran together, as kernels round: a row that is lost, doubled, swapped or
 * replayed in another shape changes every token after it. Whatever the layers are cut into, the numbers are the same.
 */
import type { LoadedStage, StageHost, StepRequest } from '@potluck/engine';
import type { FrameTensor, SamplingDescription, StageDescription, StageTensor } from '@potluck/protocol';
import { SessionError, trialCacheId } from '@potluck/worker';

/** Prime, and small enough for 32-bit floats to hold every sum. */
const modulus = 65521;
const row: StageTensor = { name: 'row', type: 'float32', dims: [1, 'step', 2] };

/** What goes into a stage of these and what comes out. */
export function describeShaped(stage: StageDescription): Partial<StageDescription> {
  const { firstLayer, lastLayer, layerCount, vocabularySize } = stage;
  const isFirst = firstLayer === 0;
  const isLast = lastLayer === layerCount - 1;
  return {
    inputs: isFirst ? [{ name: 'input_ids', type: 'int64', dims: [1, 'step'], role: 'token-ids' }] : [],
    boundaryIn: isFirst ? [] : [row],
    boundaryOut: isLast ? [] : [row],
    ...(isLast && { logits: { name: 'logits', type: 'float32', dims: [1, 1, vocabularySize] } }),
  };
}

export interface ShapedStagesInit {
  /** Milliseconds of a step, beside one for every 64 rows. */
  stepMs: number;
  /** Whether a layer's rows depend on how many of them run together. */
  isShaped: (layer: number) => boolean;
  /** Awaited before each load and each step: a process that sleeps computes nothing. */
  awake: () => Promise<void> | undefined;
}

export interface ShapedStages extends StageHost {
  /** Ends all stages as a crash of their thread would. */
  crash(): void;
  /** So many of the next loads fail. */
  failingLoads: number;
}

interface ShapedCache {
  epoch: number;
  capacity: number;
  sampling: SamplingDescription | undefined;
  /** Of each layer, its state after each token, from 0 before the first. */
  states: number[][];
}

export function shapedStages(init: ShapedStagesInit): ShapedStages {
  let losses: ((error: Error) => void)[] = [];
  const host: ShapedStages = {
    failingLoads: 0,
    crash() {
      for (const lose of losses.splice(0)) lose(new Error('its thread ended'));
    },
    async load({ description }, cacheBytes) {
      await init.awake();
      if (host.failingLoads > 0) {
        host.failingLoads--;
        throw new Error('the device is out of memory');
      }
      const { promise: lost, reject } = Promise.withResolvers<never>();
      lost.catch(() => undefined);
      losses.push(reject);
      return {
        ...shapedStage(description, cacheBytes, init),
        lost,
        async dispose() {
          losses = losses.filter((lose) => lose !== reject);
        },
      };
    },
  };
  return host;
}

function shapedStage(
  description: StageDescription,
  cacheBytes: number,
  { stepMs, isShaped, awake }: ShapedStagesInit,
): Omit<LoadedStage, 'lost' | 'dispose'> {
  const caches = new Map<string, ShapedCache>();
  const { firstLayer, lastLayer, cacheBytesPerToken } = description;
  let room = cacheBytes;
  const layers = Array.from({ length: lastLayer - firstLayer + 1 }, (_, index) => firstLayer + index);
  const lengthOf = ({ states }: ShapedCache): number => (states[0]?.length ?? 1) - 1;
  const reserved = (): number => [...caches.values()].reduce((sum, { capacity }) => sum + capacity, 0);
  /** Steps of a cache run one after the other. */
  const turns = new Map<string, Promise<void>>();
  const takeTurn = async (before: Promise<void> | undefined, milliseconds: number): Promise<void> => {
    await before;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await awake();
  };
  const find = (cacheId: string): ShapedCache => {
    const cache = caches.get(cacheId);
    if (!cache) throw new SessionError('cache-miss', `no cache ${cacheId}`);
    return cache;
  };

  return {
    description,
    cacheBytes,
    stepShape: { graph: 'own', members: 1, rows: 1, replay: layers.some(isShaped) ? 'steps' : 'chunks' },
    encode: () => Promise.reject(new SessionError('bad-frame', 'no encoder')),
    warmUp: async () => undefined,
    usage: async () => ({ reservedBytes: reserved() * cacheBytesPerToken, caches: caches.size }),
    async open({ cacheId, epoch, capacity, sampling, from }) {
      const open = caches.get(cacheId);
      if (open) {
        if (capacity > open.capacity) throw new SessionError('no-room', 'longer than before');
        Object.assign(open, { epoch, sampling });
        return;
      }
      const source = from && find(from.cacheId);
      if (from && source && lengthOf(source) < from.length) {
        throw new SessionError('cache-miss', `cache ${from.cacheId} is shorter than ${from.length}`);
      }
      const returned = from?.take === true ? (source?.capacity ?? 0) : 0;
      if ((reserved() - returned + capacity) * cacheBytesPerToken > room) {
        throw new SessionError('no-room', `no room for ${capacity} tokens`);
      }
      if (from?.take === true) caches.delete(from.cacheId);
      const states =
        source?.states.map((all) => all.slice(0, (from?.length ?? 0) + 1)) ?? layers.map(() => [0]);
      caches.set(cacheId, { epoch, capacity, sampling, states });
    },
    async step(request: StepRequest) {
      const before = turns.get(request.cacheId);
      const turn = takeTurn(before, stepMs + request.length / 64);
      turns.set(request.cacheId, turn);
      await turn;
      const { cacheId, epoch, position, length, sample } = request;
      const cache = find(cacheId);
      if (cache.epoch !== epoch || lengthOf(cache) !== position) {
        throw new SessionError('cache-miss', `no cache for epoch ${epoch}, position ${position}`);
      }
      const rows = rowsOf(request);
      for (const [index, layer] of layers.entries()) {
        const shape = isShaped(layer) && length > 1 ? length : 0;
        const states = cache.states[index] as number[];
        for (const [place, value] of rows.entries()) {
          const state = ((states.at(-1) ?? 0) * 31 + value + layer + shape) % modulus;
          states.push(state);
          rows[place] = (value * 7 + state + 1) % modulus;
        }
      }
      const times = { queueMs: 0, computeMs: stepMs };
      if (!description.logits) return { boundary: [boundaryOf(rows)], ...times };
      if (!sample) return times;
      const token = draw(rows.at(-1) ?? 0, cache.sampling, position + length, description.vocabularySize);
      return { sampled: { token }, ...times };
    },
    async truncate(cacheId, length) {
      for (const states of find(cacheId).states) states.splice(length + 1);
    },
    async resize(bytes) {
      room = bytes;
    },
    async release(cacheId) {
      turns.delete(cacheId);
      caches.delete(cacheId);
    },
  };
}

/** Of each row its first number; the second one is the same, so that a row is told from half a row. */
function rowsOf({ cacheId, tokenIds, boundary, length }: StepRequest): number[] {
  if (tokenIds) return [...tokenIds];
  // What a stage is tried with are no rows.
  if (cacheId === trialCacheId) return new Array<number>(length).fill(1);
  const bytes = boundary?.[0]?.bytes.slice() ?? new Uint8Array();
  const values = new Float32Array(bytes.buffer);
  return Array.from({ length }, (_, place) => {
    const [one, other] = [values[2 * place] ?? -1, values[2 * place + 1] ?? -1];
    if (one !== other) throw new SessionError('bad-frame', 'a row is not whole');
    return one;
  });
}

function boundaryOf(rows: readonly number[]): FrameTensor {
  const bytes = new Uint8Array(Float32Array.from(rows.flatMap((value) => [value, value])).buffer);
  return { type: 'float32', dims: [1, rows.length, 2], bytes };
}

/** No token that ends an answer. */
function draw(
  value: number,
  sampling: SamplingDescription | undefined,
  place: number,
  tokens: number,
): number {
  const { temperature = 0, seed = 0 } = sampling ?? {};
  const drawn = temperature > 0 ? Math.imul(seed + 1, 2654435761) ^ Math.imul(place, 40503) : 0;
  return 100 + ((((value * 48271) ^ drawn) >>> 0) % (tokens - 100));
}
