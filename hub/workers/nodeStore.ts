/** What is kept of workers that ever joined, with what the operator decided about them. */
import type { InstanceId, WorkerId } from '@potluck/protocol';
import type { NodePolicy } from './nodeBook.ts';
import type { NodeSpeed } from './speedBook.ts';
import type { WorkerRecord } from './workerTable.ts';

export interface NodeRecord {
  id: string;
  /** What it called itself last. */
  name: string;
  kind: WorkerRecord['kind'];
  /** Its device in words. */
  device: string;
  version: string;
  memoryBytes: number;
  /** Unix milliseconds. */
  firstJoinedAt: number;
  lastJoinedAt: number;
  lastLeftAt: number | null;
  lastLeftReason: string | null;
  /** The operator's name for it. */
  givenName: string | null;
  mode: NodePolicy['mode'];
  bannedBecause: string | null;
  /** Which run of it joined last. */
  instanceId: string | null;
  speed: NodeSpeed | null;
}

export interface NodeStore {
  joined(worker: WorkerRecord): Promise<void>;
  left(worker: WorkerRecord, reason: string): Promise<void>;
  /** Last joined first. */
  list(limit: number): Promise<NodeRecord[]>;
  find(id: string): Promise<NodeRecord | undefined>;
  putPolicy(id: WorkerId, policy: NodePolicy): Promise<void>;
  putSpeed(id: WorkerId, speed: NodeSpeed): Promise<void>;
  /** Those that were measured. */
  speeds(): Promise<[WorkerId, NodeSpeed][]>;
  /** What nodes called themselves last. */
  names(): Promise<[WorkerId, string][]>;
  /** Which run of each node joined last. */
  instances(): Promise<[WorkerId, InstanceId][]>;
  /** Those about which something was decided. */
  policies(): Promise<[WorkerId, NodePolicy][]>;
}
