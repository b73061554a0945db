/** Builds the grid as placement reads it. What did not change since the last time keeps its identity. */
import type { PipelineId, WorkerId } from '@potluck/protocol';
import type { GridMemory, GridView, GridWorker, Reservation } from '../../placement/gridView.ts';
import type { WorkerRecord, WorkerTable } from '../../workers/workerTable.ts';
import type { PipelinesState, PipelineState } from '../state/state.ts';
import { reservationsOf } from './reservations.ts';

export interface GridSources {
  table: WorkerTable;
  pipelines: PipelinesState['pipelines'];
  /** Why a worker may have no stages; undefined where it may. */
  unusable: (worker: WorkerRecord) => string | undefined;
  /** What its present device took over steps, and to hand tokens on. */
  speedOf: (worker: WorkerRecord) => Pick<GridWorker, 'tokenSteps' | 'promptSteps' | 'ways'>;
}

export interface BuiltGrid {
  view: GridView;
  /** See `Grid`. */
  capacity: object;
  /** What the view was made of. */
  parts: {
    reservations: ReadonlyMap<PipelineId, { of: PipelineState; at: ReadonlyMap<WorkerId, Reservation> }>;
    workers: ReadonlyMap<WorkerId, WorkerParts>;
  };
}

interface WorkerParts {
  record: WorkerRecord;
  unusable: string | undefined;
  tokenSteps: GridWorker['tokenSteps'];
  promptSteps: GridWorker['promptSteps'];
  ways: GridWorker['ways'];
  reservations: readonly Reservation[];
}

/**
 * @param before what was built last
 * @param hasSameWorkers true where pipelines alone may be different since then, as with each answer that begins or ends
 */
export function viewGrid(sources: GridSources, before?: BuiltGrid, hasSameWorkers = false): BuiltGrid {
  const reservations = reservationsByPipeline(sources.pipelines, before);
  if (before && hasSameWorkers && isSameEverywhere(before.parts.reservations, reservations))
    return { ...before, parts: { ...before.parts, reservations } };
  const workers = new Map<WorkerId, WorkerParts>();
  const seen = new Map<WorkerId, GridWorker>();
  let isSame = before?.view.workers.size === sources.table.size;
  let isSameCapacity = isSame;
  for (const record of sources.table.values()) {
    const last = before?.parts.workers.get(record.id);
    const parts = {
      record,
      unusable: sources.unusable(record),
      ...sources.speedOf(record),
      reservations: reservationsAt(record.id, reservations, last?.reservations),
    };
    const lastSeen = before?.view.workers.get(record.id);
    if (last && lastSeen && isSameParts(last, parts)) {
      workers.set(record.id, last);
      seen.set(record.id, lastSeen);
      continue;
    }
    isSame = false;
    isSameCapacity &&= last !== undefined && hasSameCapacity(last, parts);
    workers.set(record.id, parts);
    seen.set(record.id, gridWorker(parts));
  }
  const parts = { reservations, workers };
  if (before && isSame) return { ...before, parts: { ...before.parts, reservations } };
  return { view: { workers: seen }, capacity: before && isSameCapacity ? before.capacity : {}, parts };
}

function gridWorker({ record, unusable, reservations, ...speed }: WorkerParts): GridWorker {
  const {
    id,
    name,
    kind,
    device,
    machine,
    presence,
    isLeaving,
    joinedAt,
    memoryBytes,
    cachedBlobs,
    peers,
    load,
  } = record;
  const { weights, caches } = load.usedBytes;
  const memory: GridMemory = { offeredBytes: memoryBytes, usedBytes: weights + caches, reservations };
  return {
    id,
    name,
    kind,
    device,
    ...(machine === undefined ? {} : { machine }),
    ...(presence === undefined ? {} : { presence }),
    isLeaving,
    joinedAt,
    memory,
    ...speed,
    cachedBlobs,
    links: peers,
    ...(unusable === undefined ? {} : { unusable }),
  };
}

const isSameParts = (one: WorkerParts, other: WorkerParts): boolean =>
  one.record === other.record &&
  one.unusable === other.unusable &&
  one.tokenSteps === other.tokenSteps &&
  one.promptSteps === other.promptSteps &&
  one.ways === other.ways &&
  one.reservations === other.reservations;

const hasSameCapacity = (one: WorkerParts, other: WorkerParts): boolean =>
  one.unusable === other.unusable &&
  one.reservations === other.reservations &&
  one.record.memoryBytes === other.record.memoryBytes &&
  one.record.device === other.record.device;

function reservationsByPipeline(
  pipelines: PipelinesState['pipelines'],
  before: BuiltGrid | undefined,
): BuiltGrid['parts']['reservations'] {
  return new Map(
    [...pipelines].map(([id, of]) => {
      const last = before?.parts.reservations.get(id);
      if (last?.of === of) return [id, last];
      const at = reservationsOf(of);
      return [id, { of, at: last && isSameMap(last.at, at) ? last.at : at }];
    }),
  );
}

function isSameEverywhere(
  one: BuiltGrid['parts']['reservations'],
  other: BuiltGrid['parts']['reservations'],
): boolean {
  if (one.size !== other.size) return false;
  for (const [id, { at }] of one) if (other.get(id)?.at !== at) return false;
  return true;
}

/** @param last what was reserved there before; given back where it is the same */
function reservationsAt(
  workerId: WorkerId,
  all: BuiltGrid['parts']['reservations'],
  last: readonly Reservation[] = [],
): readonly Reservation[] {
  const now: Reservation[] = [];
  for (const { at } of all.values()) {
    const one = at.get(workerId);
    if (one) now.push(one);
  }
  const isSame = now.length === last.length && now.every((one, index) => isSameReservation(one, last[index]));
  return isSame ? last : now;
}

function isSameMap(
  one: ReadonlyMap<WorkerId, Reservation>,
  other: ReadonlyMap<WorkerId, Reservation>,
): boolean {
  if (one.size !== other.size) return false;
  for (const [id, reservation] of one) if (!isSameReservation(reservation, other.get(id))) return false;
  return true;
}

function isSameReservation(one: Reservation, other: Reservation | undefined): boolean {
  return (
    one.pipelineId === other?.pipelineId &&
    one.bytes === other.bytes &&
    one.reclaimableBytes === other.reclaimableBytes
  );
}
