/** What the operator decided about nodes: names, modes, bans. Kept in the database, known here at once. */
import type { NodeMode } from '@potluck/api';
import type { WorkerId } from '@potluck/protocol';

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
  readonly #listeners = new Set<(workerId: WorkerId, policy: NodePolicy, before: NodePolicy) => void>();

  /** @param policies as they were kept */
  constructor(policies: Iterable<readonly [WorkerId, NodePolicy]>, keep: KeepPolicy) {
    this.#policies = new Map(policies);
    this.#keep = keep;
  }

  of(workerId: WorkerId): NodePolicy {
    return this.#policies.get(workerId) ?? none;
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
    return mode === 'active' ? undefined : `is ${mode}`;
  }
}
