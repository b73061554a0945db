/** How the last stage turns logits into a token: serialisable, sent once when a session opens. */
import { z } from 'zod';

const finite = z.number().finite();

/** Most alternatives that are reported of one token. */
export const mostAlternatives = 20;

export const SamplingDescription = z.object({
  /** 0 means greedy: the most likely token, the lower id among equals. */
  temperature: finite.min(0).max(100).default(1),
  /** Keep the k most likely tokens; 0 keeps all. */
  topK: z.number().int().min(0).default(0),
  /** Keep the smallest set of tokens whose probability reaches p; 1 keeps all. */
  topP: finite.min(0).max(1).default(1),
  /** Drop tokens less likely than this share of the most likely one; 0 drops none. */
  minP: finite.min(0).max(1).default(0),
  /** Divides positive and multiplies negative logits of every token in the prompt or the answer; 1 changes nothing. */
  repetitionPenalty: finite.min(0.01).max(100).default(1),
  /** Subtracted from a token's logit for each time it is in the answer so far. */
  frequencyPenalty: finite.min(-2).max(2).default(0),
  /** Subtracted from a token's logit once if it is in the answer so far. */
  presencePenalty: finite.min(-2).max(2).default(0),
  /** Penalties look at so many of the last tokens only; missing: at all of them. */
  penaltyWindow: z.number().int().min(0).optional(),
  /** Added to a token's logit: [token id, bias] pairs. */
  logitBias: z.array(z.tuple([z.number().int().nonnegative(), finite])).default([]),
  /** Tokens that do not come before this position of the sequence: an answer has a least length. */
  heldBack: z
    .object({ until: z.number().int().nonnegative(), tokens: z.array(z.number().int().nonnegative()) })
    .optional(),
  /** Draws depend only on (seed, choice index, position of the token), so a replay draws the same. */
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  choiceIndex: z.number().int().nonnegative().default(0),
  /** How many alternatives to report with each token's log probability; undefined reports nothing. */
  topLogprobs: z.number().int().min(0).max(mostAlternatives).optional(),
});
export type SamplingDescription = z.infer<typeof SamplingDescription>;

/** A token with its log probability (natural logarithm, before temperature and truncation, after penalties and biases). */
export const TokenLogprob = z.object({
  token: z.number().int().nonnegative(),
  logprob: z.number(),
});
export type TokenLogprob = z.infer<typeof TokenLogprob>;

/** How likely a token of the prompt was after those before it: by the model alone, before penalties and biases. */
export const TokenScore = z.object({
  logprob: z.number(),
  /** The likeliest tokens in its place, likeliest first. */
  topLogprobs: z.array(TokenLogprob).max(mostAlternatives),
});
export type TokenScore = z.infer<typeof TokenScore>;

/** Logits of a step whose tokens are all scored take no more than this, in bytes of 32-bit floats. */
const mostScoredLogitBytes = 32 * 2 ** 20;
/** Longer steps win nothing. */
const mostScoredTokens = 128;

/** @returns most tokens of a prompt in one step whose log probabilities are wanted, at least 2 */
export function scoredStepTokens(vocabularySize: number): number {
  return Math.max(2, Math.min(mostScoredTokens, Math.floor(mostScoredLogitBytes / (4 * vocabularySize))));
}

/** A worker's messages are bounded in how many values they hold. */
const mostScoredValues = 1200;

/** @returns how many scores go in one message, with so many alternatives each */
export function scoresInMessage(alternatives: number): number {
  return Math.floor(mostScoredValues / (6 * (alternatives + 1)));
}
