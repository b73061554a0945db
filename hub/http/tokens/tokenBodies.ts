/** The bodies of `/tokenize` and `/detokenize`, as llama.cpp and vLLM have them. */
import { z } from 'zod';
import { ApiError } from '../apiError.ts';
import { Model } from '../inference/generationFields.ts';
import { bodyReader } from '../inference/readBody.ts';

const isText = { error: 'must be a text' };

/** Of a text: `content` is llama.cpp's, `prompt` is vLLM's. Of a conversation: what chat takes. */
export const TokenizeBody = z.object({
  model: Model,
  content: z.string(isText).optional(),
  prompt: z.string(isText).optional(),
  /** llama.cpp's; with `content` the default is false. */
  add_special: z.boolean().optional(),
  /** vLLM's; with `prompt` the default is true. */
  add_special_tokens: z.boolean().optional(),
  /** False to read the marks of special tokens as text. */
  parse_special: z.boolean().default(true),
  /** Each token with its text, as llama.cpp writes it. */
  with_pieces: z.boolean().default(false),
  /** The texts of the tokens beside them, as vLLM writes it. */
  return_token_strs: z.boolean().default(false),
});
export type TokenizeBody = z.infer<typeof TokenizeBody>;

export const DetokenizeBody = z.object({
  model: Model,
  tokens: z.array(z.unknown(), { error: 'must be a list of token ids' }),
});

const readText = bodyReader(TokenizeBody);

const readDetokenize = bodyReader(DetokenizeBody);

/** @throws ApiError 400 */
export function readDetokenizeBody(value: unknown): { model?: string | undefined; tokens: number[] } {
  const { model, tokens } = readDetokenize(value);
  const wrong = tokens.findIndex((token) => !Number.isInteger(token) || (token as number) < 0);
  if (wrong >= 0) {
    throw new ApiError(400, `'tokens[${wrong}]': must be a token id`, { param: `tokens[${wrong}]` });
  }
  return { model, tokens: tokens as number[] };
}

/** What is to be tokenized, and how its tokens are to be written. */
export interface TokenizeRequest extends TokenizeBody {
  /** A body of chat, where it is a conversation. */
  conversation?: object;
}

/** Parameters of a body with `messages` that are this surface's own and none of chat's. */
const ownNames = new Set([
  'add_special',
  'add_special_tokens',
  'parse_special',
  'with_pieces',
  'return_token_strs',
]);

/** @throws ApiError 400 */
export function readTokenizeBody(value: unknown): TokenizeRequest {
  if (typeof value !== 'object' || value === null || !('messages' in value)) return readText(value);
  const part = (isOwn: boolean): object =>
    Object.fromEntries(Object.entries(value).filter(([name]) => ownNames.has(name) === isOwn));
  return { ...readText(part(true)), conversation: part(false) };
}
