/** The answers of a stage that are held to a constraint: what may be drawn before a run, and what is taken after it. */
import type { ConstraintHost, HeldAnswer } from '../constraint/constraintHost.ts';
import type { CacheSlot } from '../cache/cacheStore.ts';
import type { OpenCache, StepRequest, StepResult } from '../contract/stage.ts';
import { BadStepError } from '../errors.ts';

interface Held {
  answer: HeldAnswer;
  promptLength: number;
}

export class HeldAnswers {
  readonly #host: ConstraintHost | undefined;
  readonly #vocabulary: Uint8Array | undefined;
  readonly #held = new Map<string, Held>();

  /** @param vocabulary blob of the model's tokens */
  constructor(host: ConstraintHost | undefined, vocabulary: Uint8Array | undefined) {
    this.#host = host;
    this.#vocabulary = vocabulary;
  }

  /** @throws BadStepError where this stage can't hold an answer to the request's constraint */
  check({ cacheId, tokens, constraint }: OpenCache): void {
    if (!constraint || (this.#host && this.#vocabulary && tokens)) return;
    throw new BadStepError(`Cache ${cacheId} has a constraint, and this stage can't hold answers to one`);
  }

  /** A cache was opened: its answer is held from now on, where the request says so. */
  opened({ cacheId, capacity, promptLength, tokens, constraint, from }: OpenCache): void {
    this.released(cacheId);
    if (from?.take) this.released(from.cacheId);
    if (!constraint || !this.#host || !this.#vocabulary) return;
    const answered = tokens?.slice(promptLength) ?? [];
    const mostTokens = capacity - promptLength;
    const answer = this.#host.open(this.#vocabulary, { description: constraint, answered, mostTokens });
    this.#held.set(cacheId, { answer, promptLength });
  }

  released(cacheId: string): void {
    this.#held.get(cacheId)?.answer.close();
    this.#held.delete(cacheId);
  }

  releaseAll(): void {
    for (const cacheId of [...this.#held.keys()]) this.released(cacheId);
  }

  /** The tokens that may be drawn after a step; undefined where all may. @throws ConstraintError */
  allowedAfter(request: StepRequest): Promise<Uint32Array> | undefined {
    const held = request.sample ? this.#held.get(request.cacheId) : undefined;
    return held?.answer.mask(answeredBefore(held, request));
  }

  /** Takes what was drawn, or what the constraint puts in its place. @throws ConstraintError */
  async take(slot: CacheSlot, request: StepRequest, result: StepResult): Promise<StepResult> {
    const held = this.#held.get(request.cacheId);
    const { sampled } = result;
    if (!held || !sampled) return result;
    const token = await held.answer.take(answeredBefore(held, request), sampled.token);
    if (token === sampled.token) return result;
    const place = request.position + request.length;
    if (slot.history?.length === place + 1) {
      slot.history.truncate(place);
      slot.history.append(token);
    }
    // Nothing else could come.
    const certain = sampled.topLogprobs ? { logprob: 0, topLogprobs: [{ token, logprob: 0 }] } : {};
    return { ...result, sampled: { token, ...certain } };
  }
}

/** How many tokens of the answer are there before the one that is drawn after a step. */
function answeredBefore({ promptLength }: Held, { position, length }: StepRequest): number {
  return position + length - promptLength;
}
