/** Text completions in OpenAI's shape; chunks of a stream have the same one. */
import type { TokenLogprob } from '@potluck/protocol';
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

/**
 * Log probabilities as text completions have them: lists beside one another.
 * @param offset of the first token in the text, in characters
 */
export function completionLogprobs(
  entries: AnswerLogprob[],
  tokenBytes: (token: number) => Uint8Array,
  offset: number,
): Logprobs {
  const decoder = new TextDecoder();
  const textOf = ({ token }: TokenLogprob): string => decoder.decode(tokenBytes(token));
  const valueOf = ({ logprob }: TokenLogprob): number => Math.max(logprob, leastLogprob);
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
    top_logprobs: entries.map(({ top }) => Object.fromEntries(top.map((one) => [textOf(one), valueOf(one)]))),
    text_offset: offsets,
  };
}
