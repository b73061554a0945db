/** A token's log probability with its text and bytes; a token that is a part of a code point has only bytes of it. */
import type { TokenLogprob } from '@potluck/protocol';

/** JSON has no infinity; OpenAI writes -9999 for tokens that can't come. */
export const leastLogprob = -9999;

const decoder = new TextDecoder();

export function describeLogprob(
  { token, logprob }: TokenLogprob,
  tokenBytes: (token: number) => Uint8Array,
): { token: string; logprob: number; bytes: number[] } {
  const bytes = tokenBytes(token);
  return { token: decoder.decode(bytes), logprob: Math.max(logprob, leastLogprob), bytes: [...bytes] };
}
