/** What answers of chat and of text completions have in common, in OpenAI's shape. */
import type OpenAI from 'openai';
import type { Generation, Usage } from '../../generation/generation.ts';
import type { OutputUsage } from '../../generation/output/outputEvents.ts';
import type { Model } from '../../models/model.ts';
import { fingerprintOf } from '../inference/fingerprint.ts';
import type { GenerationFields } from '../inference/generationFields.ts';

/** What every chunk and the whole answer have in common. */
export interface AnswerBase {
  id: string;
  /** Unix seconds. */
  created: number;
  model: string;
  /** Names the weights and the software that answered. */
  system_fingerprint: string;
}

/** @param kind what an answer's id begins with */
export function answerBase(
  kind: 'chatcmpl' | 'cmpl',
  { id, createdAt }: Pick<Generation, 'id' | 'createdAt'>,
  { package: model }: Model,
): AnswerBase {
  return {
    id: `${kind}-${id}`,
    created: Math.floor(createdAt / 1000),
    model: model.id,
    system_fingerprint: fingerprintOf(model),
  };
}

/** What all choices used together; they have one prompt. It is computed once: what one choice has of another is not cached. */
export function usageBody(usages: readonly OutputUsage[]) {
  const promptTokens = usages[0]?.promptTokens ?? 0;
  const completionTokens = usages.reduce((sum, usage) => sum + usage.completionTokens, 0);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: leastCached(usages) },
    completion_tokens_details: {
      reasoning_tokens: usages.reduce((sum, { reasoningTokens = 0 }) => sum + reasoningTokens, 0),
    },
  } satisfies OpenAI.CompletionUsage;
}

/** Tokens of one prompt that no choice had to compute. */
export function leastCached(usages: readonly Usage[]): number {
  return usages.length === 0 ? 0 : Math.min(...usages.map(({ cachedTokens }) => cachedTokens));
}

/**
 * The usage in a chunk before the last: undefined where none is asked for, null where it comes at the end only. vLLM tells
 * it with every chunk.
 */
export function usageSoFar(
  { stream_options: options }: Pick<GenerationFields, 'stream_options'>,
  generation: Generation | undefined,
): OpenAI.CompletionUsage | null | undefined {
  if (options?.include_usage !== true) return undefined;
  return options.continuous_usage_stats === true && generation ? usageBody([generation.usage]) : null;
}
