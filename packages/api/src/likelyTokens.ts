/** How sure a model was of each token of its answer. */
import type { LikelyToken } from './conversations.ts';

export type { LikelyToken };

/** A token as `/v1/chat/completions` tells of it. */
export interface TokenLogprobs {
  token: string;
  logprob: number;
  bytes?: number[] | null;
  top_logprobs?: { token: string; logprob: number }[];
}

/** Tokens that are parts of one character become one, as likely as all of them together. */
export function likelyTokens(tokens: readonly TokenLogprobs[]): LikelyToken[] {
  const decoder = new TextDecoder();
  const read: LikelyToken[] = [];
  let pending = 0;
  for (const { token, logprob, bytes, top_logprobs: others = [] } of tokens) {
    const text = bytes ? decoder.decode(Uint8Array.from(bytes), { stream: true }) : token;
    if (text === '') {
      pending += logprob;
      continue;
    }
    read.push({
      text,
      probability: likelihood(pending + logprob),
      others: others
        .filter((other) => other.token !== token)
        .map((other) => ({ text: other.token, probability: likelihood(other.logprob) })),
    });
    pending = 0;
  }
  return read;
}

/** Nobody is shown more than a hundredth of a percent. */
const likelihood = (logprob: number): number => Math.round(Math.exp(logprob) * 1e4) / 1e4;
