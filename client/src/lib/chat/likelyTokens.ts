/** How sure a model was of each token of its answer. */

/** A token as `/v1/chat/completions` tells of it. */
export interface TokenLogprobs {
  token: string;
  logprob: number;
  bytes?: number[] | null;
  top_logprobs?: { token: string; logprob: number }[];
}

export interface LikelyToken {
  text: string;
  /** From 0 to 1. */
  probability: number;
  /** What could have stood here, the likeliest first. */
  others: { text: string; probability: number }[];
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
      probability: Math.exp(pending + logprob),
      others: others
        .filter((other) => other.token !== token)
        .map((other) => ({ text: other.token, probability: Math.exp(other.logprob) })),
    });
    pending = 0;
  }
  return read;
}

/** How a token is marked: sure ones not at all. */
export function doubtOf(probability: number): 'none' | 'some' | 'much' {
  if (probability >= 0.8) return 'none';
  return probability >= 0.4 ? 'some' : 'much';
}
