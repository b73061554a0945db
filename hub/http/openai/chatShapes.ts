/** Answers and chunks of chat in OpenAI's shape. */
import type { TokenLogprob } from '@potluck/protocol';
import type OpenAI from 'openai';
import type { AnswerLogprob } from '../../generation/answer.ts';
import type { OutputEvent, OutputUsage } from '../../generation/output/outputEvents.ts';

type Chunk = OpenAI.ChatCompletionChunk;
type Logprobs = OpenAI.ChatCompletion.Choice.Logprobs;
type FinishReason = Extract<OutputEvent, { type: 'finish' }>['reason'];

/** What a model thought, by both names that clients read. OpenAI's own types have neither. */
export interface Thoughts {
  reasoning_content: string;
  reasoning: string;
}

export function thoughts(text: string): Thoughts {
  return { reasoning_content: text, reasoning: text };
}

/** What every chunk and the whole answer have in common. */
export interface AnswerBase {
  id: string;
  /** Unix seconds. */
  created: number;
  model: string;
  /** Names the weights and the software that answered. */
  system_fingerprint: string;
}

export interface ChatChunkInit {
  index: number;
  delta: OpenAI.ChatCompletionChunk.Choice.Delta & Partial<Thoughts>;
  logprobs?: Logprobs | null;
  finishReason?: FinishReason | null;
  /** Where the client asked for usage, chunks before the last say null. */
  usage?: OpenAI.CompletionUsage | null;
}

/** One chunk of a stream. */
export function chatChunk(base: AnswerBase, init: ChatChunkInit): Chunk {
  const { index, delta, logprobs = null, finishReason = null, usage } = init;
  return {
    id: base.id,
    object: 'chat.completion.chunk',
    created: base.created,
    model: base.model,
    system_fingerprint: base.system_fingerprint,
    choices: [{ index, delta, logprobs, finish_reason: finishReason }],
    ...(usage === undefined ? {} : { usage }),
  };
}

/** The chunk with the usage, after the last choice. */
export function usageChunk(base: AnswerBase, usage: OpenAI.CompletionUsage): Chunk {
  return {
    id: base.id,
    object: 'chat.completion.chunk',
    created: base.created,
    model: base.model,
    system_fingerprint: base.system_fingerprint,
    choices: [],
    usage,
  };
}

export interface ChatChoice {
  text: string;
  reasoning: string;
  calls: OpenAI.ChatCompletionMessageFunctionToolCall[];
  logprobs: Logprobs | null;
  finishReason: FinishReason;
}

/** A whole answer. @param choices in the order of their indices */
export function chatCompletion(
  base: AnswerBase,
  choices: ChatChoice[],
  usage: OpenAI.CompletionUsage,
): OpenAI.ChatCompletion {
  return {
    id: base.id,
    object: 'chat.completion',
    created: base.created,
    model: base.model,
    system_fingerprint: base.system_fingerprint,
    choices: choices.map(({ text, reasoning, calls, logprobs, finishReason }, index) => ({
      index,
      message: {
        role: 'assistant' as const,
        content: text === '' && (calls.length > 0 || reasoning !== '') ? null : text,
        refusal: null,
        ...(reasoning === '' ? {} : thoughts(reasoning)),
        ...(calls.length === 0 ? {} : { tool_calls: calls }),
      },
      logprobs,
      finish_reason: finishReason,
    })),
    usage,
  };
}

/** What all choices used together; they have one prompt. */
export function usageBody(usages: readonly OutputUsage[]) {
  const promptTokens = usages[0]?.promptTokens ?? 0;
  const completionTokens = usages.reduce((sum, usage) => sum + usage.completionTokens, 0);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usages.reduce((sum, { reasoningTokens = 0 }) => sum + reasoningTokens, 0),
    },
  } satisfies OpenAI.CompletionUsage;
}

/** Log probabilities with each token's text and bytes; a token that is a part of a code point has only bytes of it. */
export function logprobsBody(
  logprobs: AnswerLogprob[],
  tokenBytes: (token: number) => Uint8Array,
): Logprobs & { content: OpenAI.ChatCompletionTokenLogprob[] } {
  const decoder = new TextDecoder();
  const describe = ({ token, logprob }: TokenLogprob) => {
    const bytes = tokenBytes(token);
    return { token: decoder.decode(bytes), logprob: Math.max(logprob, leastLogprob), bytes: [...bytes] };
  };
  return {
    content: logprobs.map((entry) => ({ ...describe(entry), top_logprobs: entry.top.map(describe) })),
    refusal: null,
  };
}

/** JSON has no infinity; OpenAI writes -9999 for tokens that can't come. */
export const leastLogprob = -9999;
