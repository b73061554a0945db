/** Text completions in OpenAI's shape; chunks of a stream have the same one. */
import type { TokenLogprob, TokenScore } from '@potluck/protocol';
import type OpenAI from 'openai';
import type { AnswerLogprob } from '../../generation/answer.ts';
import type { FinishReason } from '../../generation/generation.ts';
import { leastLogprob } from '../inference/describeLogprob.ts';
import type { AnswerBase } from './answerShapes.ts';

type Logprobs = Required<OpenAI.CompletionChoice.Logprobs>;

export interface CompletionChoice {
  text: string;
  logprobs: Logprobs | null;
  /** Null in all chunks but the last; OpenAI's types only know whole answers here. */
  finishReason: FinishReason | null;
}

/** @param choices by their indices */
export function completion(
  base: AnswerBase,
  choices: [index: number, choice: CompletionChoice][],
  usage?: OpenAI.CompletionUsage | null,
): OpenAI.Completion {
  return {
    id: base.id,
    object: 'text_completion',
    created: base.created,
    model: base.model,
    system_fingerprint: base.system_fingerprint,
    choices: choices.map(([index, { text, logprobs, finishReason }]) => ({
      index,
      text,
      logprobs,
      finish_reason: finishReason as FinishReason,
    })),
    ...(usage === undefined ? {} : { usage: usage as OpenAI.CompletionUsage }),
  };
}

type TokenBytes = (token: number) => Uint8Array;

/**
 * Log probabilities as text completions have them: lists beside one another. The token itself is among the likeliest, as
 * OpenAI has it.
 * @param offset of the first token in the text, in characters
 */
export function completionLogprobs(
  entries: AnswerLogprob[],
  tokenBytes: TokenBytes,
  offset: number,
): Logprobs {
  const decoder = new TextDecoder();
  const textOf = ({ token }: TokenLogprob): string => decoder.decode(tokenBytes(token));
  const tokens = entries.map(textOf);
  let next = offset;
  const offsets = tokens.map((text) => {
    const here = next;
    next += text.length;
    return here;
  });
  return {
    tokens,
    token_logprobs: entries.map(valueOf),
    top_logprobs: entries.map(({ top, ...own }) => byText([...top, own], textOf)),
    text_offset: offsets,
  };
}

/** Lists to which more is added. */
export function noLogprobs(): Logprobs {
  return { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
}

const valueOf = ({ logprob }: TokenLogprob): number => Math.max(logprob, leastLogprob);

/** Of tokens with the same text, the likeliest counts. */
function byText(
  tokens: readonly TokenLogprob[],
  textOf: (one: TokenLogprob) => string,
): Record<string, number> {
  const likeliest = new Map<string, number>();
  for (const one of tokens) {
    const text = textOf(one);
    likeliest.set(text, Math.max(valueOf(one), likeliest.get(text) ?? -Infinity));
  }
  return Object.fromEntries(likeliest);
}

/**
 * The same of a prompt. Nothing is known of its first token, which says null.
 * @param prompt token ids
 * @param scores of all but the first
 * @param text of the prompt: tokens that a tokenizer puts before it are no part of it, and stand at its beginning
 */
export function promptLogprobs(
  prompt: readonly number[],
  scores: readonly TokenScore[],
  text: string,
  tokenBytes: TokenBytes,
): Logprobs {
  const entries = prompt.slice(1).map((token, index): AnswerLogprob => {
    const { logprob = leastLogprob, topLogprobs = [] } = scores[index] ?? {};
    return { token, logprob, top: topLogprobs };
  });
  const { tokens, token_logprobs: values, top_logprobs: tops } = completionLogprobs(entries, tokenBytes, 0);
  const [first = 0] = prompt;
  const nothing = [null] as unknown[];
  return {
    tokens: [new TextDecoder().decode(tokenBytes(first)), ...tokens],
    token_logprobs: [...(nothing as number[]), ...values],
    top_logprobs: [...(nothing as Record<string, number>[]), ...tops],
    text_offset: offsetsIn(text, prompt, tokenBytes),
  };
}

/** Where each token begins in a text that ends with the last one. */
function offsetsIn(text: string, tokens: readonly number[], tokenBytes: TokenBytes): number[] {
  // Characters of several tokens count where they end.
  const decoder = new TextDecoder();
  let end = 0;
  const starts = tokens.map((token) => {
    const start = end;
    end += decoder.decode(tokenBytes(token), { stream: true }).length;
    return start;
  });
  return starts.map((start) => Math.max(0, start + text.length - end));
}
