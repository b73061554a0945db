/** The workers that are here, as a state that events change. */
import type {
  Device,
  InstanceId,
  PeerReport,
  Sha256,
  WorkerId,
  WorkerLoad,
  WorkerPresence,
} from '@potluck/protocol';

/** How a worker reaches a peer, by what it last said. */
export type PeerState = Omit<PeerReport, 'type' | 'peer'>;

/** How busy a worker is and what it uses, by what it last said. */
export type Load = Omit<WorkerLoad, 'type'>;

/** One worker with a lease. */
export interface WorkerRecord {
  id: WorkerId;
  instanceId: InstanceId;
  /** As people call it: the operator's name for it, else its own. */
  name: string;
  /** What it calls itself. */
  reportedName: string;
  kind: 'node' | 'browser';
  version: string;
  device: Device;
  /** What its stages may use in all, in bytes. */
  memoryBytes: number;
  /** Unix milliseconds. */
  joinedAt: number;
  /** Id of the join token that it showed. */
  joinTokenId: string;
  /** Blobs that it has, as far as is known: what it said when it joined, and what it loaded since. */
  cachedBlobs: ReadonlySet<Sha256>;
  /** Tabs only: whether somebody looks at it, by what it last said. */
  presence?: WorkerPresence['state'];
  load: Load;
  /** It said that it wants nothing new, and goes when its answers have ended. */
  isLeaving: boolean;
  /** How it reaches its peers, by what it last said. */
  peers: ReadonlyMap<WorkerId, PeerState>;
}

export type WorkerEvent =
  | { type: 'joined'; worker: WorkerRecord }
  | { type: 'left'; workerId: WorkerId }
  | { type: 'renamed'; workerId: WorkerId; name: string }
  | { type: 'blobs-cached'; workerId: WorkerId; blobs: readonly Sha256[] }
  | { type: 'presence-changed'; workerId: WorkerId; presence: WorkerPresence['state'] }
  | { type: 'load-changed'; workerId: WorkerId; load: Load }
  | { type: 'leaving'; workerId: WorkerId }
  | { type: 'peer-reported'; workerId: WorkerId; report: PeerReport };

export type WorkerTable = ReadonlyMap<WorkerId, WorkerRecord>;

/** @returns the table after the event; events about workers that are not there change nothing */
export function applyWorkerEvent(table: WorkerTable, event: WorkerEvent): WorkerTable {
  switch (event.type) {
    case 'joined':
      return new Map(table).set(event.worker.id, event.worker);
    case 'left':
      return withoutWorker(table, event.workerId);
    case 'renamed':
      return changed(table, event.workerId, { name: event.name });
    case 'blobs-cached': {
      const worker = table.get(event.workerId);
      if (!worker) return table;
      return new Map(table).set(worker.id, {
        ...worker,
        cachedBlobs: new Set([...worker.cachedBlobs, ...event.blobs]),
      });
    }
    case 'presence-changed':
      return changed(table, event.workerId, { presence: event.presence });
    case 'load-changed':
      return changed(table, event.workerId, { load: event.load });
    case 'leaving':
      return changed(table, event.workerId, { isLeaving: true });
    case 'peer-reported':
      return withPeer(table, event.workerId, event.report);
  }
}

/** Links to it are forgotten. */
function withoutWorker(table: WorkerTable, workerId: WorkerId): WorkerTable {
  if (!table.has(workerId)) return table;
  const next = new Map(table);
  next.delete(workerId);
  for (const worker of table.values()) {
    if (!worker.peers.has(workerId) || worker.id === workerId) continue;
    const peers = new Map(worker.peers);
    peers.delete(workerId);
    next.set(worker.id, { ...worker, peers });
  }
  return next;
}

function changed(table: WorkerTable, workerId: WorkerId, change: Partial<WorkerRecord>): WorkerTable {
  const worker = table.get(workerId);
  return worker ? new Map(table).set(workerId, { ...worker, ...change }) : table;
}

function withPeer(table: WorkerTable, workerId: WorkerId, { peer, ...link }: PeerReport): WorkerTable {
  const worker = table.get(workerId);
  if (!worker || !table.has(peer)) return table;
  const { state, reason, roundTripMs, bytesPerSecond, candidatePair } = link;
  const peers = new Map(worker.peers).set(peer, {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(roundTripMs === undefined ? {} : { roundTripMs }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    ...(candidatePair === undefined ? {} : { candidatePair }),
  });
  return new Map(table).set(workerId, { ...worker, peers });
}
