/** The workers that are here, as a state that events change. */
import type {
  Device,
  HeldStage,
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
  /** Workers that say the same share its processors. */
  machine?: string;
  /** What its stages may use in all, in bytes. */
  memoryBytes: number;
  /** Unix milliseconds. */
  joinedAt: number;
  /** Address that it came from, as far as its request tells. */
  address?: string;
  /** Id of the join token that it showed. */
  joinTokenId: string;
  /** Blobs that it has, as far as is known: what it said when it joined, and what it loaded since. */
  cachedBlobs: ReadonlySet<Sha256>;
  /** Stages that it had when it joined. */
  heldStages: readonly HeldStage[];
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
  | { type: 'token-replaced'; workerId: WorkerId; joinTokenId: string }
  | { type: 'blobs-cached'; workerId: WorkerId; blobs: readonly Sha256[] }
  | { type: 'presence-changed'; workerId: WorkerId; presence: WorkerPresence['state'] }
  | { type: 'load-changed'; workerId: WorkerId; load: Load }
  | { type: 'leaving'; workerId: WorkerId }
  | { type: 'peer-reported'; workerId: WorkerId; report: PeerReport };

export type WorkerTable = ReadonlyMap<WorkerId, WorkerRecord>;

/** The workers that are here now. What an event costs does not depend on how many there are, except that of a leave. */
export class WorkerRecords {
  #records = new Map<WorkerId, WorkerRecord>();
  /** Somebody holds the map, so the next event changes a copy of it. */
  #isShared = false;

  get(workerId: WorkerId): WorkerRecord | undefined {
    return this.#records.get(workerId);
  }

  /** The table as it is now; later events do not change it. The same object as long as nothing happened. */
  get snapshot(): WorkerTable {
    this.#isShared = true;
    return this.#records;
  }

  /** Events about workers that are not there change nothing. */
  apply(event: WorkerEvent): void {
    switch (event.type) {
      case 'joined':
        this.#own().set(event.worker.id, event.worker);
        return;
      case 'left':
        this.#remove(event.workerId);
        return;
      case 'renamed':
        this.#change(event.workerId, () => ({ name: event.name }));
        return;
      case 'token-replaced':
        this.#change(event.workerId, () => ({ joinTokenId: event.joinTokenId }));
        return;
      case 'blobs-cached':
        this.#change(event.workerId, ({ cachedBlobs }) => ({
          cachedBlobs: new Set([...cachedBlobs, ...event.blobs]),
        }));
        return;
      case 'presence-changed':
        this.#change(event.workerId, () => ({ presence: event.presence }));
        return;
      case 'load-changed':
        this.#change(event.workerId, () => ({ load: event.load }));
        return;
      case 'leaving':
        this.#change(event.workerId, () => ({ isLeaving: true }));
        return;
      case 'peer-reported':
        if (!this.#records.has(event.report.peer)) return;
        this.#change(event.workerId, ({ peers }) => ({ peers: withPeer(peers, event.report) }));
    }
  }

  /** Links to it are forgotten. */
  #remove(workerId: WorkerId): void {
    if (!this.#records.has(workerId)) return;
    const records = this.#own();
    records.delete(workerId);
    for (const worker of records.values()) {
      if (!worker.peers.has(workerId)) continue;
      const peers = new Map(worker.peers);
      peers.delete(workerId);
      records.set(worker.id, { ...worker, peers });
    }
  }

  #change(workerId: WorkerId, changeOf: (worker: WorkerRecord) => Partial<WorkerRecord>): void {
    const worker = this.#records.get(workerId);
    if (worker) this.#own().set(workerId, { ...worker, ...changeOf(worker) });
  }

  #own(): Map<WorkerId, WorkerRecord> {
    if (this.#isShared) this.#records = new Map(this.#records);
    this.#isShared = false;
    return this.#records;
  }
}

function withPeer(peers: WorkerRecord['peers'], { peer, ...link }: PeerReport): WorkerRecord['peers'] {
  const { state, reason, roundTripMs, bytesPerSecond, candidatePair } = link;
  return new Map(peers).set(peer, {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(roundTripMs === undefined ? {} : { roundTripMs }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    ...(candidatePair === undefined ? {} : { candidatePair }),
  });
}
