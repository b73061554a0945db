/** Stages of pipelines that are over but whose workers may still hold them. */
import type { AssignmentId, StageReport, WorkerId } from '@potluck/protocol';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { Stage } from './pipeline.ts';

interface Former {
  workerId: WorkerId;
  /** SHA-256 of the stage graph; undefined where it was never assigned. */
  graph: string | undefined;
  /** What it holds at its worker, in bytes. */
  bytes: number;
  /** True between a release and its answer. */
  isReleasing: boolean;
}

/** How long a worker may take to free a stage before another is assigned all the same. */
const releaseTimeoutMs = 10_000;
/** More than this many are forgotten, oldest first; their workers are told to release them when they report. */
const maxFormer = 1000;

/**
 * A worker that gets the same graph again keeps it loaded, so an old stage is released after the new one was assigned;
 * an old stage with another graph is released before, since both might not fit.
 */
export class FormerAssignments {
  readonly #registry: WorkerRegistry;
  readonly #former = new Map<AssignmentId, Former>();
  readonly #waiting = new Set<() => void>();

  constructor(registry: WorkerRegistry) {
    this.#registry = registry;
  }

  add(stages: readonly Stage[]): void {
    for (const { assignmentId, workerId, description, state, reservedBytes } of stages) {
      // A failed stage freed itself, and its worker no longer answers for it.
      if (state === 'failed' || state === 'released') this.#send(workerId, assignmentId);
      else {
        const graph = description?.graph.sha256;
        this.#former.set(assignmentId, { workerId, graph, bytes: reservedBytes, isReleasing: false });
      }
    }
    for (const oldest of this.#former.keys()) {
      if (this.#former.size <= maxFormer) break;
      this.#former.delete(oldest);
    }
  }

  /**
   * Releases what can't serve again, and waits until its memory is free.
   * @returns those that should be released once `stages` were assigned
   */
  async releaseUnlike(stages: readonly Stage[]): Promise<AssignmentId[]> {
    const wanted: AssignmentId[] = [];
    for (const [assignmentId, { workerId, graph }] of this.#former) {
      const isWanted = stages.some(
        (stage) => stage.workerId === workerId && stage.description?.graph.sha256 === graph,
      );
      if (isWanted) wanted.push(assignmentId);
      else this.#release(assignmentId);
    }
    await this.#released();
    return wanted;
  }

  /** Releases these, without waiting. */
  release(ids: Iterable<AssignmentId>): void {
    for (const id of ids) this.#release(id);
  }

  /** Releases all, and waits until their memory is free. */
  async releaseAll(): Promise<void> {
    this.release([...this.#former.keys()]);
    await this.#released();
  }

  /** Releases what one worker holds, without waiting. */
  releaseAt(workerId: WorkerId): void {
    for (const [id, former] of this.#former) if (former.workerId === workerId) this.#release(id);
  }

  /** What former stages still hold at a worker, in bytes. */
  bytesAt(workerId: WorkerId): number {
    return [...this.#former.values()]
      .filter((former) => former.workerId === workerId)
      .reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** @returns false if the report is about a stage that is unknown here */
  reported({ assignmentId, state }: StageReport): boolean {
    const isKnown = this.#former.has(assignmentId);
    if (state === 'failed' || state === 'released') this.#former.delete(assignmentId);
    this.#wake();
    return isKnown;
  }

  /** Nobody answers for this worker now; it may come back with what it holds. */
  workerLeft(workerId: WorkerId): void {
    for (const former of this.#former.values()) if (former.workerId === workerId) former.isReleasing = false;
    this.#wake();
  }

  /** The worker started anew: it holds nothing. */
  forgetWorker(workerId: WorkerId): void {
    for (const [id, former] of this.#former) if (former.workerId === workerId) this.#former.delete(id);
    this.#wake();
  }

  #release(assignmentId: AssignmentId): void {
    const former = this.#former.get(assignmentId);
    if (former && !former.isReleasing) former.isReleasing = this.#send(former.workerId, assignmentId);
  }

  #send(workerId: WorkerId, assignmentId: AssignmentId): boolean {
    return this.#registry.send(workerId, { type: 'release', assignmentId });
  }

  /** Resolves when every release was answered, or took too long. */
  async #released(): Promise<void> {
    if (!this.#isReleasing()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, releaseTimeoutMs);
    this.#waiting.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }

  #wake(): void {
    if (!this.#isReleasing()) for (const resolve of this.#waiting) resolve();
  }

  #isReleasing(): boolean {
    return [...this.#former.values()].some(({ isReleasing }) => isReleasing);
  }
}
