/** What nodes are called, and what the operator decided about them. Kept in the database, known here at once. */
import type { NodeMode } from '@potluck/api';
import { whatFollowsName } from '@potluck/api/hub-texts';
import type { Hello, InstanceId, WorkerId } from '@potluck/protocol';
import type { WorkerRecord } from './workerTable.ts';

/** The operator's decisions about one node. */
export interface NodePolicy {
  /** Name that replaces the worker's own. */
  name: string | null;
  mode: NodeMode;
  /** Why it may not join; null where it may. */
  bannedBecause: string | null;
}

/** Keeps a policy; called for every change. */
export type KeepPolicy = (workerId: WorkerId, policy: NodePolicy) => void;

const none: NodePolicy = { name: null, mode: 'active', bannedBecause: null };

export class NodeBook {
  readonly #keep: KeepPolicy;
  readonly #policies: Map<WorkerId, NodePolicy>;
  /** What nodes called themselves last, those that are away, too. */
  readonly #reportedNames: Map<string, string>;
  /** Which run of each node joined last. */
  readonly #instances: Map<WorkerId, InstanceId>;
  readonly #listeners = new Set<(workerId: WorkerId, policy: NodePolicy, before: NodePolicy) => void>();

  /** @param kept policies, reported names and runs as they were kept */
  constructor(
    kept: {
      policies: Iterable<readonly [WorkerId, NodePolicy]>;
      names: Iterable<readonly [WorkerId, string]>;
      instances: Iterable<readonly [WorkerId, InstanceId]>;
    },
    keep: KeepPolicy,
  ) {
    this.#policies = new Map(kept.policies);
    this.#reportedNames = new Map(kept.names);
    this.#instances = new Map(kept.instances);
    this.#keep = keep;
  }

  of(workerId: WorkerId): NodePolicy {
    return this.#policies.get(workerId) ?? none;
  }

  /** A node joined. */
  joined({ id, reportedName, instanceId }: Pick<WorkerRecord, 'id' | 'reportedName' | 'instanceId'>): void {
    this.#reportedNames.set(id, reportedName);
    this.#instances.set(id, instanceId);
  }

  /** True where this very run of the node joined before. */
  isBack({ workerId, instanceId }: Pick<Hello, 'workerId' | 'instanceId'>): boolean {
    return this.#instances.get(workerId) === instanceId;
  }

  /** True where a node with this id was here before. */
  isKnown(workerId: WorkerId): boolean {
    return this.#reportedNames.has(workerId);
  }

  /** A node that is about to join for the first time gets nothing until it is approved. */
  mustWait(workerId: WorkerId): void {
    this.#policies.set(workerId, { ...this.of(workerId), mode: 'waiting' });
  }

  /** What people call a node, also one that is away; its id where it was never here. */
  nameOf(nodeId: string): string {
    return this.#policies.get(nodeId as WorkerId)?.name ?? this.#reportedNames.get(nodeId) ?? nodeId;
  }

  change(workerId: WorkerId, change: Partial<NodePolicy>): void {
    const before = this.of(workerId);
    const policy = { ...before, ...change };
    this.#policies.set(workerId, policy);
    this.#keep(workerId, policy);
    for (const listener of [...this.#listeners]) listener(workerId, policy, before);
  }

  /** @returns a function that ends the listening */
  listen(listener: (workerId: WorkerId, policy: NodePolicy, before: NodePolicy) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Why a node gets no stages, for people; undefined where it may have some. */
  unusable(workerId: WorkerId): string | undefined {
    const { mode } = this.of(workerId);
    if (mode === 'waiting') return whatFollowsName('waits-for-approval', {});
    return mode === 'active' ? undefined : whatFollowsName(`is-${mode}`, {});
  }
}
