/** How many tokens of a cache a new prompt may begin with, so that its answer is the one that it would have had. Pure. */
import { prefillChunks, type StageReport } from '@potluck/protocol';

/** What a prompt and a cache have in common. */
export interface CommonTokens {
  /** Tokens with which both begin. */
  common: number;
  /** Tokens of the new prompt. */
  promptLength: number;
  /** Tokens of the prompt that the cache was made from; those behind ran one by one. */
  cachedPromptLength: number;
  /** Longest step of either. */
  chunkTokens: number;
  /** What the stages' caches can be computed from to have the same bits; see `StageReport`. */
  replay: NonNullable<StageReport['replay']>;
}

/**
 * Where caches come out the same whatever steps they are computed in, any common tokens do, but for the last one of the prompt,
 * whose step draws. Elsewhere the cached tokens must have run in the very steps that the prompt would have: whole steps only, as
 * long as both prompts are cut alike.
 */
export function reusableTokens(tokens: CommonTokens): number {
  const { common, promptLength, cachedPromptLength, chunkTokens, replay } = tokens;
  const most = Math.min(common, promptLength - 1);
  if (replay === 'chunks') return Math.max(0, most);
  const cached = prefillChunks(cachedPromptLength, chunkTokens);
  let end = 0;
  for (const [index, length] of prefillChunks(promptLength, chunkTokens).entries()) {
    if (cached[index] !== length || end + length > most) break;
    end += length;
  }
  return end;
}
