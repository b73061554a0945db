/** The grid as placement, preview and prediction read it: a value, built once for each change. */
import type {
  Device,
  ModelId,
  PeerReport,
  PipelineId,
  Sha256,
  WorkerId,
  WorkerPresence,
} from '@potluck/protocol';
import type { PromptSample, StepSample, WaySample } from './prediction/samples.ts';

/** Every worker that is here, also those that may have no stage. */
export interface GridView {
  workers: ReadonlyMap<WorkerId, GridWorker>;
}

/** One worker, as far as placement is concerned. */
export interface GridWorker {
  id: WorkerId;
  /** As people call it. */
  name: string;
  kind: 'node' | 'browser';
  device: Device;
  /** Workers that say the same share its processors; missing where that is not known. */
  machine?: string;
  /** Tabs only: whether somebody looks at it. A hidden tab is throttled by its browser. */
  presence?: WorkerPresence['state'];
  /** It goes when its answers have ended, and wants nothing new. */
  isLeaving: boolean;
  /** Unix milliseconds. */
  joinedAt: number;
  memory: GridMemory;
  /** What its present device took over steps of one token, by model. */
  tokenSteps: readonly StepSample[];
  /** What its present device took over chunks of prompts, by model. */
  promptSteps: readonly PromptSample[];
  /** What it took in answers to hand tokens on from its present device to others, last measured first. */
  ways: readonly WaySample[];
  /** Blobs that it has, as far as is known. */
  cachedBlobs: ReadonlySet<Sha256>;
  /** How it reaches its peers. Read it by `linkBetween`. */
  links: ReadonlyMap<WorkerId, GridLink>;
  /** Why it may have no stage of any model, as what follows its name; absent where it may. */
  unusable?: string;
}

/** Bytes of a worker's memory. */
export interface GridMemory {
  /** What stages may use in all. */
  offeredBytes: number;
  /** Weights, and caches in use, as the worker says. */
  usedBytes: number;
  /** What the hub promised to stages: those that serve, load, or were not freed yet. */
  reservations: readonly Reservation[];
}

/** What the hub promised to the stages of one pipeline at one worker. */
export interface Reservation {
  model: ModelId;
  pipelineId: PipelineId;
  /** Weights, working memory and room for caches. */
  bytes: number;
  /** Of `bytes`, room for caches that can shrink: neither in use nor the least that a stage needs. */
  reclaimableBytes: number;
}

/** What is known of a link. */
export type GridLink = Pick<PeerReport, 'state' | 'roundTripMs' | 'bytesPerSecond'>;

/** How two workers reach each other, whoever told; undefined where they never had a link. */
export function linkBetween({ workers }: GridView, from: WorkerId, to: WorkerId): GridLink | undefined {
  return workers.get(from)?.links.get(to) ?? workers.get(to)?.links.get(from);
}

/** What it took to hand tokens on from one worker to another, last measured first; the way back where that alone is known. */
export function waysBetween({ workers }: GridView, from: WorkerId, to: WorkerId): readonly WaySample[] {
  const known = workers.get(from)?.ways.filter((way) => way.to === to) ?? [];
  return known.length > 0 ? known : (workers.get(to)?.ways.filter((way) => way.to === from) ?? []);
}

/** What pipelines have reserved, in bytes; without those that are `replaced`. */
export function reservedBytes(
  { reservations }: Pick<GridMemory, 'reservations'>,
  replaced?: ReadonlySet<PipelineId>,
): number {
  return reservations.reduce(
    (sum, { bytes, pipelineId }) => sum + (replaced?.has(pipelineId) ? 0 : bytes),
    0,
  );
}

/** Of what is reserved, how much caches could give back, in bytes. */
export function reclaimableBytes({ reservations }: Pick<GridMemory, 'reservations'>): number {
  return reservations.reduce((sum, one) => sum + one.reclaimableBytes, 0);
}

/** What caches of other models could give back to one, in bytes. */
export function reclaimableForModel(
  { reservations }: Pick<GridMemory, 'reservations'>,
  model: ModelId,
  replaced?: ReadonlySet<PipelineId>,
): number {
  return reclaimableBytes({
    reservations: reservations.filter((one) => one.model !== model && !replaced?.has(one.pipelineId)),
  });
}

/**
 * What is not reserved, in bytes: never less than 0, also where a worker offers less than before.
 * @param replaced pipelines that end before the memory is used
 */
export function freeBytes(
  memory: Pick<GridMemory, 'offeredBytes' | 'reservations'>,
  replaced?: ReadonlySet<PipelineId>,
): number {
  return Math.max(0, memory.offeredBytes - reservedBytes(memory, replaced));
}
