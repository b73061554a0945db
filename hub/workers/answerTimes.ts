/** How long workers took lately to give a sign of life when they were asked for one. */
import type { WorkerId } from '@potluck/protocol';

interface AnswerTime {
  milliseconds: number;
  /** By `performance.now()`. */
  at: number;
}

/** What a worker took counts for so long: a machine that is busy stays so for a while. */
const lastsMs = 60_000;
/** What all took says what the network and this machine are like now. */
const presentMs = 10_000;
/** Remembered of each worker. */
const mostPerWorker = 8;

export class AnswerTimes {
  readonly #times = new Map<WorkerId, AnswerTime[]>();
  #prunedAt = -Infinity;

  note(workerId: WorkerId, time: AnswerTime): void {
    this.#prune(time.at);
    this.#times.set(workerId, [...(this.#times.get(workerId) ?? []), time].slice(-mostPerWorker));
  }

  /** @returns the longest of this worker's times of the last minute, in milliseconds; 0 where there is none */
  slowestOf(workerId: WorkerId, now: number): number {
    const times = this.#times.get(workerId) ?? [];
    return Math.max(
      0,
      ...times.filter(({ at }) => now - at < lastsMs).map(({ milliseconds }) => milliseconds),
    );
  }

  /** @returns the last time of each worker that answered a moment ago */
  latest(now: number): Map<WorkerId, number> {
    const latest = new Map<WorkerId, number>();
    for (const [id, times] of this.#times) {
      const last = times.at(-1);
      if (last && now - last.at < presentMs) latest.set(id, last.milliseconds);
    }
    return latest;
  }

  /** Workers come and go. */
  #prune(now: number): void {
    if (now - this.#prunedAt < lastsMs) return;
    this.#prunedAt = now;
    for (const [id, times] of this.#times) {
      if (times.every(({ at }) => now - at >= lastsMs)) this.#times.delete(id);
    }
  }
}
