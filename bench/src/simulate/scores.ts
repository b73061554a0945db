/** What the people who use a simulated grid would see of it. */
import type { ModelId, PipelineId } from '@potluck/protocol';
import type { Clock } from '../../../hub/pipelines/clock.ts';

/** Columns of the table. */
export interface ModelScore {
  model: string;
  /** Share of the time in which a replica served. */
  availability: number;
  /** Time in which none did, in minutes. */
  'minutes lost': number;
  asked: number;
  refused: number;
  /** Answers that ended because their pipeline did. */
  'answers lost': number;
  losses: number;
  moves: number;
  /** Of `moves`, those to be faster, and of these, those to devices that are not. */
  'to be faster': number;
  'did not pay': number;
  /** What a token took in its answers, on average. */
  'ms a token': number;
}

interface Tally extends Omit<ModelScore, 'availability' | 'minutes lost' | 'ms a token'> {
  serving: Set<PipelineId>;
  servedMs: number;
  /** Of all answers that were taken. */
  tokenMs: number;
  since: number;
  /** What a token took in pipelines that move to be faster, on machines at rest. */
  moving: Map<PipelineId, number>;
}

/** A move pays where a token takes less than so much of what it took. */
const paysBelow = 0.9;

export class Scores {
  readonly #clock: Clock;
  readonly #models = new Map<ModelId, Tally>();
  fetchedBytes = 0;
  #endMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(model: ModelId): void {
    this.#models.set(model, {
      ...{ model, asked: 0, refused: 0, 'answers lost': 0, losses: 0, moves: 0 },
      ...{ 'to be faster': 0, 'did not pay': 0, moving: new Map() },
      ...{ serving: new Set(), servedMs: 0, tokenMs: 0, since: 0 },
    });
  }

  /** @param quietTokenMs what a token takes in it, on machines at rest */
  ready(model: ModelId, id: PipelineId, quietTokenMs: number): void {
    const tally = this.#of(model);
    const before = tally.moving.get(id);
    tally.moving.delete(id);
    if (before !== undefined && quietTokenMs > paysBelow * before) tally['did not pay']++;
    if (tally.serving.size === 0) tally.since = this.#clock.now();
    tally.serving.add(id);
  }

  /** @param fasterThan where it moves to be faster: what a token took, on machines at rest */
  lost(
    model: ModelId,
    id: PipelineId,
    how: { moves: boolean; fasterThan?: number | undefined; answers: number },
  ): void {
    const tally = this.#of(model);
    if (!tally.serving.delete(id)) return;
    if (tally.serving.size === 0) tally.servedMs += this.#clock.now() - tally.since;
    tally['answers lost'] += how.answers;
    tally.moving.delete(id);
    if (how.fasterThan !== undefined) {
      tally['to be faster']++;
      tally.moving.set(id, how.fasterThan);
    }
    if (how.moves) tally.moves++;
    else tally.losses++;
  }

  /** @param tokenMs what a token takes; undefined where nobody can take the request */
  asked(model: ModelId, tokenMs: number | undefined): void {
    const tally = this.#of(model);
    tally.asked++;
    if (tokenMs === undefined) tally.refused++;
    else tally.tokenMs += tokenMs;
  }

  fetched(bytes: number): void {
    this.fetchedBytes += bytes;
  }

  end(endMs: number): void {
    this.#endMs = endMs;
    for (const tally of this.#models.values()) {
      if (tally.serving.size > 0) tally.servedMs += endMs - tally.since;
    }
  }

  result(): ModelScore[] {
    return [...this.#models.values()].map(
      ({ serving: _, servedMs, tokenMs, since: _since, moving: _moving, model, ...counts }) => ({
        model,
        availability: Math.round((10_000 * servedMs) / this.#endMs) / 10_000,
        'minutes lost': Math.round((this.#endMs - servedMs) / 600) / 100,
        ...counts,
        'ms a token': Math.round((10 * tokenMs) / Math.max(1, counts.asked - counts.refused)) / 10,
      }),
    );
  }

  #of(model: ModelId): Tally {
    const tally = this.#models.get(model);
    if (!tally) throw new Error(`${model} is not in the simulation`);
    return tally;
  }
}
