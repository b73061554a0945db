/** What each worker has computed since it joined. */
import type { WorkerId } from '@potluck/protocol';
import type { RequestRecord } from '../database/requestRecord.ts';

export class NodeStatistics {
  readonly #tokens = new Map<WorkerId, number>();

  /** Tokens computed, prompts included. */
  tokensOf(workerId: WorkerId): number {
    return this.#tokens.get(workerId) ?? 0;
  }

  requestEnded({ stages }: Pick<RequestRecord, 'stages'>): void {
    for (const { workerId, timings } of stages) {
      this.#tokens.set(workerId, this.tokensOf(workerId) + (timings?.tokens ?? 0));
    }
  }

  workerLeft(workerId: WorkerId): void {
    this.#tokens.delete(workerId);
  }
}
