/** One generation with a whole model in @huggingface/transformers, timed; in Node and in browsers alike. */
import { BaseStreamer, Tensor, type PreTrainedModel } from '@huggingface/transformers';
import { medianStep } from './statistics.ts';

/** What one generation took. */
export interface Measurement {
  /** From the call (or request) to the first token, in milliseconds. */
  firstTokenMs: number;
  /** Median time between tokens after the first, in milliseconds. */
  tokenMs: number;
  tokens: number[];
}

export interface Job {
  promptIds: number[];
  newTokens: number;
}

/** Notes when each token came. */
class Stopwatch extends BaseStreamer {
  readonly times: number[] = [];
  readonly tokens: number[] = [];
  #prompt = true;

  override put(value: bigint[][]): void {
    // The first call brings the prompt.
    if (this.#prompt) {
      this.#prompt = false;
      return;
    }
    this.times.push(performance.now());
    this.tokens.push(...(value[0] ?? []).map(Number));
  }

  override end(): void {
    // Nothing is held back.
  }
}

/** Greedy. */
export async function generateWhole(
  model: PreTrainedModel,
  { promptIds, newTokens }: Job,
): Promise<Measurement> {
  const shape = [1, promptIds.length];
  const stopwatch = new Stopwatch();
  const start = performance.now();
  await model.generate({
    inputs: new Tensor('int64', BigInt64Array.from(promptIds, BigInt), shape),
    attention_mask: new Tensor('int64', new BigInt64Array(promptIds.length).fill(1n), shape),
    max_new_tokens: newTokens,
    do_sample: false,
    streamer: stopwatch,
  } as unknown as Parameters<typeof model.generate>[0]);
  const [first = Number.NaN] = stopwatch.times;
  return { firstTokenMs: first - start, tokenMs: medianStep(stopwatch.times), tokens: stopwatch.tokens };
}
