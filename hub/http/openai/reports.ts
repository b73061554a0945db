/** What an answer may tell beside its text: vLLM's token ids, and timings as llama.cpp has them. */
import type { Generation } from '../../generation/generation.ts';
import type { ReportFields } from '../inference/generationFields.ts';

export interface ReportsInit {
  fields: ReportFields;
  /** One for each choice. */
  generations: readonly Generation[];
  /** Of each choice. */
  prompts: readonly number[][];
  /** Where the token ids of prompts stand: chat has one prompt, text completions have one in each choice. */
  promptsIn: 'answer' | 'choices';
}

/** What both answers and chunks of them have. */
interface Body {
  choices: { index: number }[];
}

export class Reports {
  readonly #init: ReportsInit;
  /** Tokens of each choice that were told. */
  readonly #told = new Map<number, number>();

  constructor(init: ReportsInit) {
    this.#init = init;
  }

  /** True where nothing is told beside the text. */
  get tellsNothing(): boolean {
    const { return_token_ids: tokens, timings_per_token: timings } = this.#init.fields;
    return !tokens && !timings;
  }

  /** A chunk, or a whole answer, with what is to be told of its choices. Each token is told once. */
  with<T extends Body>(body: T): T {
    const { fields, generations, prompts, promptsIn } = this.#init;
    const first = body.choices[0];
    if (!first) return body;
    const { return_token_ids: tellsTokens, timings_per_token: tellsTimings } = fields;
    if (this.tellsNothing) return body;
    const generation = generations[first.index];
    const isFirst = !this.#told.has(first.index);
    return {
      ...body,
      ...(tellsTokens
        ? {
            ...(promptsIn === 'answer' && isFirst ? { prompt_token_ids: prompts[0] } : {}),
            choices: body.choices.map((choice) => this.#choice(choice)),
          }
        : {}),
      ...(tellsTimings && generation ? { timings: timingsOf(generation) } : {}),
    };
  }

  #choice<T extends { index: number }>(choice: T): T {
    const { generations, prompts, promptsIn } = this.#init;
    const told = this.#told.get(choice.index);
    const tokens = generations[choice.index]?.tokens ?? [];
    this.#told.set(choice.index, tokens.length);
    const prompt = told === undefined && promptsIn === 'choices';
    return {
      ...choice,
      ...(prompt ? { prompt_token_ids: prompts[choice.index] } : {}),
      token_ids: tokens.slice(told ?? 0),
    };
  }
}

/** As llama.cpp's server tells them: the prompt's tokens and the answer's so far, with the time that they took. */
function timingsOf({ usage, times }: Generation) {
  const { queueMs, firstTokenMs, lastTokenMs } = times;
  const promptMs = Math.max(0, (firstTokenMs ?? 0) - (queueMs ?? 0));
  // The first token comes with the prompt.
  const predicted = Math.max(0, usage.completionTokens - 1);
  const predictedMs = Math.max(0, (lastTokenMs ?? 0) - (firstTokenMs ?? 0));
  const promptTokens = usage.promptTokens - usage.cachedTokens;
  return {
    cache_n: usage.cachedTokens,
    prompt_n: promptTokens,
    prompt_ms: promptMs,
    prompt_per_token_ms: ratio(promptMs, promptTokens),
    prompt_per_second: ratio(1000 * promptTokens, promptMs),
    predicted_n: usage.completionTokens,
    predicted_ms: predictedMs,
    predicted_per_token_ms: ratio(predictedMs, predicted),
    predicted_per_second: ratio(1000 * predicted, predictedMs),
  };
}

/** JSON has no infinity. */
function ratio(one: number, other: number): number {
  return other > 0 ? one / other : 0;
}
