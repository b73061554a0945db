/** Texts as the token ids that an encoder takes. */
import type { Model } from '../../models/model.ts';
import { contextLengthExceeded } from '../answerRoom.ts';
import type { GenerationError } from '../generationError.ts';
import { orReason } from '../orReason.ts';
import type { EncodingText } from './encodings.ts';

export interface TextOptions {
  /** Longest text in tokens, cut at the end; undefined: one that is too long is refused. */
  truncateTo?: number | undefined;
  share: string;
  signal: AbortSignal;
}

/** Characters of a text that is cut at its end: no tokenizer makes so few tokens of them that a later character counts. */
const charactersPerToken = 64;

/**
 * @param prompt is put before the text
 * @throws GenerationError `context_length_exceeded`, or why the text is unreadable
 */
export async function textTokens(
  model: Model,
  text: string,
  { prompt = '', truncateTo, ...options }: TextOptions & { prompt?: string },
): Promise<EncodingText> {
  const { encoder, contextLength } = model.package;
  const whole = cased(prompt + text, encoder?.lowerCase);
  const read = readable(whole, truncateTo);
  refuseFarTooLong(model, read, truncateTo);
  const tokens = await orReason(
    options.signal,
    model.tokenizer.encodeText(read, true, options),
    'messages_unreadable',
  );
  const most = Math.min(truncateTo ?? Infinity, contextLength);
  if (tokens.length <= most) return { tokens };
  if (truncateTo === undefined) throw tooLong(contextLength, tokens.length);
  const tail = await tailLength(model, options);
  return { tokens: cut(tokens, most, tail) };
}

/**
 * A query and a document, as rerankers take them.
 * @throws GenerationError as `textTokens`
 */
export async function pairTokens(
  model: Model,
  query: string,
  document: string,
  { truncateTo, ...options }: TextOptions,
): Promise<EncodingText> {
  const { encoder, contextLength } = model.package;
  const [one, other] = [query, document].map((text) => cased(text, encoder?.lowerCase)) as [string, string];
  const read = readable(other, truncateTo);
  refuseFarTooLong(model, one + read, truncateTo);
  const pair = await orReason(
    options.signal,
    model.tokenizer.encodePair(one, read, options),
    'messages_unreadable',
  );
  const most = Math.min(truncateTo ?? Infinity, contextLength);
  if (pair.tokens.length <= most) return pair;
  if (truncateTo === undefined) throw tooLong(contextLength, pair.tokens.length);
  const tail = await tailLength(model, options);
  return { tokens: cut(pair.tokens, most, tail), tokenTypes: cut(pair.tokenTypes, most, tail) };
}

/** Keeps the special tokens at the end. */
function cut<T>(all: readonly T[], most: number, tail: number): T[] {
  if (tail === 0 || most <= tail) return all.slice(0, most);
  return [...all.slice(0, most - tail), ...all.slice(-tail)];
}

const tails = new WeakMap<Model, Promise<number>>();

/** Special tokens behind every text. */
function tailLength(model: Model, options: Omit<TextOptions, 'truncateTo'>): Promise<number> {
  const known = tails.get(model);
  if (known) return known;
  const { tokenizer } = model;
  const { share } = options;
  const counting = (async () => {
    const [plain, whole] = await Promise.all([
      tokenizer.encodeText('a', false, { share }),
      tokenizer.encodeText('a', true, { share }),
    ]);
    const at = whole.findIndex((_, index) => plain.every((token, offset) => whole[index + offset] === token));
    return at < 0 ? 0 : whole.length - at - plain.length;
  })();
  tails.set(model, counting);
  counting.catch(() => tails.delete(model));
  return counting;
}

function cased(text: string, lowerCase = false): string {
  return lowerCase ? text.toLowerCase() : text;
}

/** The beginning of a text that is to be cut anyway. */
function readable(text: string, truncateTo: number | undefined): string {
  return truncateTo === undefined ? text : text.slice(0, Math.max(1, truncateTo) * charactersPerToken);
}

function refuseFarTooLong(
  { tokenizer, package: { contextLength } }: Model,
  text: string,
  truncateTo: number | undefined,
): void {
  if (truncateTo !== undefined) return;
  // A word that the vocabulary lacks is one token, however long it is: only what no model takes is refused unread.
  const leastTokens = Math.ceil(text.length / Math.max(charactersPerToken, tokenizer.longestTokenLength));
  if (leastTokens > contextLength) throw tooLong(contextLength, leastTokens, 'at least ');
}

function tooLong(contextLength: number, tokens: number, least = ''): GenerationError {
  return contextLengthExceeded(contextLength, `${least}${tokens} tokens in the text`);
}
