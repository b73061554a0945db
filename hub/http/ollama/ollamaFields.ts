/** Fields that Ollama's chat and its generation have in common. */
import { z } from 'zod';
import { ApiError } from '../apiError.ts';
import { definedOnly, generationFields, settingsOf } from '../inference/generationFields.ts';
import type { SurfaceRequest } from '../inference/surfaceRequest.ts';
import { readPart, unsupportedParameter } from '../inference/readBody.ts';
import { jsonObjectGrammar, jsonSchemaGrammar, type WantedGrammar } from '../inference/wantedGrammar.ts';
import type { Model } from '../../models/model.ts';
import { marksThoughts } from '../../models/responseFormat.ts';

const maxStopStrings = 64;
const maxStopCharacters = 1000;
const StopString = z.string().max(maxStopCharacters);

const {
  temperature,
  top_p,
  min_p,
  repeat_penalty,
  repeat_last_n,
  frequency_penalty,
  presence_penalty,
  seed,
} = generationFields;
/** Ollama's own, where a request does not say. */
const defaultPenaltyWindow = 64;

/** What is honoured. -1 and -2 leave the length of the answer to the hub. */
const Options = z.looseObject({
  num_predict: z.int().min(-2).nullish(),
  top_k: z.int().min(-1).nullish(),
  stop: z.union([StopString, z.array(StopString).max(maxStopStrings)]).nullish(),
  temperature: temperature.nullable(),
  top_p: top_p.nullable(),
  min_p: min_p.nullable(),
  repeat_penalty: repeat_penalty.nullable(),
  repeat_last_n: repeat_last_n.nullable(),
  frequency_penalty: frequency_penalty.nullable(),
  presence_penalty: presence_penalty.nullable(),
  seed: seed.nullable(),
});

/**
 * Options that change an answer and are not honoured, with the values that change nothing. All others, such as num_ctx,
 * num_gpu or num_thread, say how a machine is to be used; here its owner says that.
 */
const refusedOptions: Record<string, (value: unknown) => boolean> = {
  mirostat: (value) => value === 0,
  tfs_z: (value) => value === 1,
  typical_p: (value) => value === 1,
  penalize_newline: (value) => value === true,
};

export const ollamaFields = {
  model: z.string({ error: 'must be the name of a model, as GET /api/tags lists it' }).min(1),
  stream: z.boolean().default(true),
  format: z
    .union([z.enum(['json', '']), z.looseObject({})], { error: 'must be "json" or a JSON Schema' })
    .optional(),
  options: z.looseObject({}).optional(),
  think: z
    .union([z.boolean(), z.enum(['low', 'medium', 'high', 'max'])], {
      error: 'must be true, false, "low", "medium", "high" or "max"',
    })
    .optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.int().min(0).max(20).optional(),
  // How long a model stays loaded is for the hub to say.
  keep_alive: z.union([z.string(), z.number()]).optional(),
};

export type OllamaFields = z.infer<z.ZodObject<typeof ollamaFields>>;

/** Ollama's names may end with a tag, of which this hub's models have none. */
export function modelNameOf({ model }: Pick<OllamaFields, 'model'>): string {
  return model.replace(/:latest$/, '');
}

/** @throws ApiError 400 with `param` naming what is wrong */
export function ollamaSettings(
  { stream, options = {}, logprobs, top_logprobs: topLogprobs }: OllamaFields,
  { package: { vocabularySize } }: Model,
): Omit<SurfaceRequest, 'prompt'> {
  for (const [name, changesNothing] of Object.entries(refusedOptions)) {
    const value = options[name];
    if (value === undefined || value === null || changesNothing(value)) continue;
    throw unsupportedParameter(`options.${name}`);
  }
  const read = readPart(Options, options, ['options']);
  const { num_predict: length, stop } = read;
  if (length === 0) {
    throw new ApiError(400, "'options.num_predict': must be at least 1, or -1 to leave it to the hub", {
      param: 'options.num_predict',
    });
  }
  const fields = {
    ...definedOnly({
      temperature: read.temperature ?? undefined,
      top_p: read.top_p ?? undefined,
      top_k: read.top_k ?? undefined,
      min_p: read.min_p ?? undefined,
      repeat_penalty: read.repeat_penalty ?? undefined,
      repeat_last_n: read.repeat_last_n ?? defaultPenaltyWindow,
      frequency_penalty: read.frequency_penalty ?? undefined,
      presence_penalty: read.presence_penalty ?? undefined,
      seed: read.seed ?? undefined,
      max_tokens: typeof length === 'number' && length > 0 ? length : undefined,
      stop: stop ?? undefined,
    }),
    stream,
  };
  const told = logprobs ? (topLogprobs ?? 0) : undefined;
  return { ...settingsOf(fields, { vocabularySize, topLogprobs: told }), mayBeShorter: true };
}

/** What `format` holds the answer to. @throws ApiError 400 */
export function formatGrammar({ format }: Pick<OllamaFields, 'format'>): WantedGrammar | undefined {
  if (format === undefined || format === '') return undefined;
  return format === 'json' ? jsonObjectGrammar('format') : jsonSchemaGrammar(format, 'format');
}

/** Variables of the template for `think`. @throws ApiError 400 where the model does not think */
export function thinkingVariables(
  { think }: Pick<OllamaFields, 'think'>,
  { tokenizer, package: { id } }: Model,
): Record<string, unknown> {
  if (think === undefined) return {};
  if (think !== false && !marksThoughts(tokenizer.responseFormat)) {
    throw new ApiError(400, `"${id}" does not support thinking: leave 'think' out, or set it to false.`, {
      param: 'think',
    });
  }
  return {
    enable_thinking: think !== false,
    ...(typeof think === 'string' ? { reasoning_effort: think } : {}),
  };
}
