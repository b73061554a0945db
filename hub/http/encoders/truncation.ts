/** `truncate_prompt_tokens` as vLLM has it. */
import { z } from 'zod';

/** -1: as much as the model takes; else most tokens of a text. */
export const TruncateTokens = z
  .int()
  .min(-1)
  .refine((value) => value !== 0, 'must be -1 or above 0');

/** @returns most tokens of a text; undefined where long texts are to be refused */
export function truncateTo(tokens: number | undefined): number | undefined {
  return tokens === -1 ? Number.MAX_SAFE_INTEGER : tokens;
}
