/** How likely a token is that is there already. */
import type { TokenScore } from '@potluck/protocol';
import { BadStepError } from '../errors.ts';
import { likeliestToken, logprobsOf } from './logprobs.ts';
import { topTokens } from './topTokens.ts';

/**
 * @param logits [vocabulary], as the model gave them
 * @param alternatives how many of the likeliest tokens to tell
 * @throws BadStepError for a token that the vocabulary lacks; ComputeError if the logits hold NaN
 */
export function scoreToken(logits: Float32Array, token: number, alternatives: number): TokenScore {
  if (!(token >= 0 && token < logits.length)) throw new BadStepError(`There is no token ${token} to score`);
  const logprob = logprobsOf(logits, logits[likeliestToken(logits)] as number);
  return {
    logprob: logprob(token),
    topLogprobs: Array.from(topTokens(logits, alternatives), (id) => ({ token: id, logprob: logprob(id) })),
  };
}
