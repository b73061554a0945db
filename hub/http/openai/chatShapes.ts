/** Answers and chunks of chat in OpenAI's shape. */
import type { TokenLogprob } from '@potluck/protocol';
import type OpenAI from 'openai';
import type { AnswerLogprob } from '../../generation/answer.ts';
import type { OutputEvent } from '../../generation/output/outputEvents.ts';
import { describeLogprob } from '../inference/describeLogprob.ts';
import type { AnswerBase } from './answerShapes.ts';

type Chunk = OpenAI.ChatCompletionChunk;
type Logprobs = OpenAI.ChatCompletion.Choice.Logprobs;
type FinishReason = Extract<OutputEvent, { type: 'finish' }>['reason'] | 'function_call';

/** What a model thought, by both names that clients read. OpenAI's own types have neither. */
export interface Thoughts {
  reasoning_content: string;
  reasoning: string;
}

export function thoughts(text: string): Thoughts {
  return { reasoning_content: text, reasoning: text };
}

export interface ChatChunkInit {
  index: number;
  delta: OpenAI.ChatCompletionChunk.Choice.Delta & Partial<Thoughts>;
  logprobs?: Logprobs | null;
  finishReason?: FinishReason | null;
  /** Where the client asked for usage, chunks before the last say null. */
  usage?: OpenAI.CompletionUsage | null | undefined;
}

/** One chunk of a stream. */
export function chatChunk(base: AnswerBase, init: ChatChunkInit): Chunk {
  const { index, delta, logprobs = null, finishReason = null, usage } = init;
  return chunkOf(base, [{ index, delta, logprobs, finish_reason: finishReason }], usage);
}

/** The chunk with the usage, after the last choice. */
export function usageChunk(base: AnswerBase, usage: OpenAI.CompletionUsage): Chunk {
  return chunkOf(base, [], usage);
}

function chunkOf(base: AnswerBase, choices: Chunk['choices'], usage: Chunk['usage']): Chunk {
  const { id, ...rest } = base;
  return {
    ...{ id, object: 'chat.completion.chunk', ...rest, choices },
    ...(usage === undefined ? {} : { usage }),
  };
}

export interface ChatChoice {
  text: string;
  reasoning: string;
  calls: OpenAI.ChatCompletionMessageToolCall[];
  /** True to tell the call as those did who knew no tools. */
  usesFunctions?: boolean;
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
    choices: choices.map(({ text, reasoning, calls, usesFunctions, logprobs, finishReason }, index) => ({
      index,
      message: {
        role: 'assistant' as const,
        content: text === '' && (calls.length > 0 || reasoning !== '') ? null : text,
        refusal: null,
        ...(reasoning === '' ? {} : thoughts(reasoning)),
        ...(calls[0]?.type === 'function' && usesFunctions ? { function_call: calls[0].function } : {}),
        ...(calls.length === 0 || usesFunctions ? {} : { tool_calls: calls }),
      },
      logprobs,
      finish_reason: finishReason,
    })),
    usage,
  };
}

/** Log probabilities with each token's text and bytes; a token that is a part of a code point has only bytes of it. */
export function logprobsBody(
  logprobs: AnswerLogprob[],
  tokenBytes: (token: number) => Uint8Array,
): Logprobs & { content: OpenAI.ChatCompletionTokenLogprob[] } {
  const describe = (one: TokenLogprob) => describeLogprob(one, tokenBytes);
  return {
    content: logprobs.map((entry) => ({ ...describe(entry), top_logprobs: entry.top.map(describe) })),
    refusal: null,
  };
}
