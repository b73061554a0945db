/** What each worker has computed since it joined. */
import type { StageTimings, WorkerId } from '@potluck/protocol';

export class NodeStatistics {
  readonly #tokens = new Map<WorkerId, number>();

  /** Tokens computed, prompts included. */
  tokensOf(workerId: WorkerId): number {
    return this.#tokens.get(workerId) ?? 0;
  }

  /** @param stages those that answered; `timings` is missing where a worker did not tell */
  requestEnded(stages: readonly { workerId: WorkerId; timings?: StageTimings }[]): void {
    for (const { workerId, timings } of stages) {
      this.#tokens.set(workerId, this.tokensOf(workerId) + (timings?.tokens ?? 0));
    }
  }

  workerLeft(workerId: WorkerId): void {
    this.#tokens.delete(workerId);
  }
}
