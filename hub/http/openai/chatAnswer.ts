/** Answers and chunks in OpenAI's shape. */
import type { TokenLogprob } from '@potluck/protocol';
import type { AnswerLogprob } from '../../generation/answer.ts';
import type { FinishReason, Usage } from '../../generation/generation.ts';

/** What every chunk and the whole answer have in common. */
export interface ChatAnswerBase {
  id: string;
  /** Unix seconds. */
  created: number;
  model: string;
}

export interface UsageBody {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
}

interface LogprobBody {
  token: string;
  logprob: number;
  bytes: number[];
}

export interface LogprobsBody {
  content: (LogprobBody & { top_logprobs: LogprobBody[] })[];
  refusal: null;
}

/** Names the weights and the software that answered. */
export const systemFingerprint = 'fp_potluck';

export interface ChatChunkInit {
  delta: { role?: 'assistant'; content?: string };
  logprobs?: LogprobsBody | null;
  finishReason?: FinishReason | null;
  /** Where the client asked for usage, chunks before the last say null. */
  usage?: null;
}

/** One chunk of a stream. */
export function chatChunk(base: ChatAnswerBase, init: ChatChunkInit): Record<string, unknown> {
  return {
    id: base.id,
    object: 'chat.completion.chunk',
    created: base.created,
    model: base.model,
    system_fingerprint: systemFingerprint,
    choices: [
      {
        index: 0,
        delta: init.delta,
        logprobs: init.logprobs ?? null,
        finish_reason: init.finishReason ?? null,
      },
    ],
    ...(init.usage === null ? { usage: null } : {}),
  };
}

/** The chunk with the usage, after the last choice. */
export function usageChunk(base: ChatAnswerBase, usage: Usage): Record<string, unknown> {
  return {
    id: base.id,
    object: 'chat.completion.chunk',
    created: base.created,
    model: base.model,
    system_fingerprint: systemFingerprint,
    choices: [],
    usage: usageBody(usage),
  };
}

/** A whole answer. */
export function chatCompletion(
  base: ChatAnswerBase,
  answer: { text: string; logprobs: LogprobsBody | null; finishReason: FinishReason; usage: Usage },
): Record<string, unknown> {
  return {
    id: base.id,
    object: 'chat.completion',
    created: base.created,
    model: base.model,
    system_fingerprint: systemFingerprint,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: answer.text, refusal: null },
        logprobs: answer.logprobs,
        finish_reason: answer.finishReason,
      },
    ],
    usage: usageBody(answer.usage),
  };
}

function usageBody({ promptTokens, completionTokens }: Usage): UsageBody {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}

/** Log probabilities with each token's text and bytes; a token that is a part of a code point has only bytes of it. */
export function logprobsBody(
  logprobs: AnswerLogprob[],
  tokenBytes: (token: number) => Uint8Array,
): LogprobsBody {
  const decoder = new TextDecoder();
  const describe = ({ token, logprob }: TokenLogprob): LogprobBody => {
    const bytes = tokenBytes(token);
    return { token: decoder.decode(bytes), logprob: Math.max(logprob, leastLogprob), bytes: [...bytes] };
  };
  return {
    content: logprobs.map((entry) => ({ ...describe(entry), top_logprobs: entry.top.map(describe) })),
    refusal: null,
  };
}

/** JSON has no infinity; OpenAI writes -9999 for tokens that can't come. */
const leastLogprob = -9999;
