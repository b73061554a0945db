/** The body of a request for embeddings. */
import { z } from 'zod';
import type { EncoderDescription } from '@potluck/protocol';
import { ApiError } from '../apiError.ts';
import { bodyReader, tooMany, unsupportedParameter } from '../inference/readBody.ts';
import { TruncateTokens } from './truncation.ts';

/** Of one request, as OpenAI has it. */
export const maxInputs = 2048;

const Tokens = z.array(z.int().min(0)).min(1);

/** What this surface honours. */
export const EmbeddingsBody = z.object({
  model: z.string().optional(),
  input: z.union([z.string(), z.array(z.string()).min(1), Tokens, z.array(Tokens).min(1)], {
    error: 'must be a text, a list of texts, a list of token ids, or a list of such lists',
  }),
  encoding_format: z.enum(['float', 'base64']).default('float'),
  dimensions: z.int().min(1).optional(),
  /** What the texts are for: `query` or `document`, or a name of the model's own prompts. */
  input_type: z.string().max(100).optional(),
  /** A name of the model's own prompts. */
  prompt_name: z.string().max(100).optional(),
  truncate_prompt_tokens: TruncateTokens.optional(),
  user: z.string().optional(),
});
export type EmbeddingsBody = z.infer<typeof EmbeddingsBody>;

/** One text, or token ids. */
export type EmbeddingsInput = string | number[];

const read = bodyReader(EmbeddingsBody, ({ input }) => {
  if (Array.isArray(input) && typeof input[0] !== 'number' && input.length > maxInputs)
    throw tooMany('input', `${maxInputs} texts`);
});

/** @throws ApiError 400 with `param` naming what is wrong */
export function readEmbeddingsBody(value: unknown): EmbeddingsBody {
  return read(value);
}

/** @throws ApiError 400 if a text is empty */
export function inputsOf({ input }: Pick<EmbeddingsBody, 'input'>): EmbeddingsInput[] {
  const isOne = typeof input === 'string' || typeof input[0] === 'number';
  const inputs = (isOne ? [input] : input) as EmbeddingsInput[];
  const empty = inputs.findIndex((one) => one.length === 0);
  if (empty < 0) return inputs;
  const param = isOne ? 'input' : `input[${empty}]`;
  throw new ApiError(400, `'${param}': must not be empty`, { param, code: 'invalid_value' });
}

/** What queries and documents are called by those who write prompts. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  query: ['query', 'search_query'],
  document: ['document', 'passage', 'search_document', 'corpus'],
};

/**
 * What is put before each text.
 * @throws ApiError 400 for a `prompt_name` that the model does not have
 */
export function promptOf(
  { prompts, defaultPrompt }: Pick<EncoderDescription, 'prompts' | 'defaultPrompt'>,
  { prompt_name: name, input_type: type }: Pick<EmbeddingsBody, 'prompt_name' | 'input_type'>,
): string {
  const own = (key: string | undefined): string | undefined =>
    key !== undefined && Object.hasOwn(prompts, key) ? prompts[key] : undefined;
  if (name !== undefined) {
    const found = own(name);
    if (found !== undefined) return found;
    const names = Object.keys(prompts)
      .map((one) => `'${one}'`)
      .join(', ');
    throw new ApiError(
      400,
      `'prompt_name': the model has no prompt '${name}'${names === '' ? '; it has none' : `; it has ${names}`}.`,
      { param: 'prompt_name', code: 'invalid_value' },
    );
  }
  if (type === undefined) return own(defaultPrompt) ?? '';
  const kind = Object.values(synonyms).find((names) => names.includes(type)) ?? [];
  // A model without prompts takes queries and documents alike.
  return [type, ...kind].map(own).find((prompt) => prompt !== undefined) ?? '';
}

/** @throws ApiError 400 for a length that the model was not trained for */
export function refuseDimensions(
  { size, shorter }: Pick<EncoderDescription, 'size' | 'shorter'>,
  dimensions: number | undefined,
): void {
  if (dimensions === undefined || dimensions === size) return;
  if (shorter === undefined) {
    throw unsupportedParameter(
      'dimensions',
      `The model's vectors have ${size} numbers, and it was not trained for shorter ones.`,
    );
  }
  const allowed = Array.isArray(shorter) ? shorter.filter((one) => one < size) : undefined;
  if (allowed ? allowed.includes(dimensions) : dimensions < size) return;
  const choices = allowed ? `${allowed.join(', ')} or ${size}` : `1 to ${size}`;
  throw unsupportedParameter('dimensions', `The model's vectors may have ${choices} numbers.`);
}
