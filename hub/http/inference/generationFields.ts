/** The parameters of a generation that OpenAI's surfaces share, with vLLM's and llama.cpp's beside them. */
import { z } from 'zod';
import { ApiError } from '../apiError.ts';
import type { SurfaceRequest } from './surfaceRequest.ts';
import { readPart, tooMany } from './readBody.ts';

const maxStopStrings = 4;
const maxStopCharacters = 1000;
const StopString = z.string().max(maxStopCharacters);
/** Each is a number added to a logit at every token; OpenAI's own limit is lower. */
const maxBiases = 10_000;
const maxStopTokens = 100;
/** As many as OpenAI takes. */
const maxChoices = 128;

/** Smaller ones make logits infinite in 32 bits; below 1, a penalty already rewards repetition. */
const RepetitionPenalty = z.number().min(0.01).max(10);

/** How many of the last tokens penalties look at; -1 for all, as in llama.cpp. */
const PenaltyWindow = z
  .int({ error: 'must be a whole number of tokens, or -1 for all of them' })
  .min(-1)
  .max(2 ** 31 - 1);

/** A name in `logit_bias`: a token id in decimal, in one way only. */
const BiasedToken = z
  .string()
  .regex(/^(0|[1-9]\d{0,8})$/, 'takes token ids in plain decimal as names, such as "42"');
const Bias = z.number().min(-100).max(100);

/** 64 bits, as OpenAI's schema has it; above 2^53 `parseJson` gives a bigint. -1 asks for a drawn seed, as in vLLM. */
const seedError = 'must be a whole number from -9223372036854775808 to 9223372036854775807';
const Seed = z.union(
  [
    z.int(seedError),
    z
      .bigint()
      .min(-(2n ** 63n))
      .max(2n ** 63n - 1n),
  ],
  { error: seedError },
);

/** Longest answer in tokens; -1 leaves it to the hub, as in llama.cpp. */
export const MaxTokens = z
  .int({ error: 'must be a whole number of tokens, at least 1, or -1 to leave it to the hub' })
  .refine((value) => value === -1 || value >= 1, 'must be at least 1, or -1 to leave it to the hub');

/** The same where an answer may have no token at all, so that only the prompt runs. */
export const MaxTokensOrNone = z
  .int({ error: 'must be a whole number of tokens, or -1 to leave it to the hub' })
  .min(-1, 'must be at least 0, or -1 to leave it to the hub');

export const Model = z
  .string({ error: 'must be the name of a model, as GET /v1/models lists it' })
  .optional();

export const generationFields = {
  model: Model,
  stream: z.boolean().default(false),
  stream_options: z
    .looseObject({
      include_usage: z.boolean().nullish(),
      continuous_usage_stats: z.boolean().nullish(),
    })
    .optional(),
  n: z.int().min(1).max(maxChoices).default(1),
  max_tokens: MaxTokens.optional(),
  n_predict: MaxTokens.optional(),
  min_tokens: z.int({ error: 'must be a whole number of tokens' }).min(0).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.number().int().min(-1).optional(),
  min_p: z.number().min(0).max(1).optional(),
  repetition_penalty: RepetitionPenalty.optional(),
  repeat_penalty: RepetitionPenalty.optional(),
  repeat_last_n: PenaltyWindow.optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  presence_penalty: z.number().min(-2).max(2).optional(),
  logit_bias: z.record(z.string(), z.unknown()).optional(),
  seed: Seed.optional(),
  stop: z
    .union([StopString, z.array(StopString).max(maxStopStrings)], {
      error: `must be a text, or a list of at most ${maxStopStrings}, each of at most ${maxStopCharacters} characters`,
    })
    .optional(),
  stop_token_ids: z.array(z.int().min(0)).max(maxStopTokens).optional(),
  ignore_eos: z.boolean().optional(),
  include_stop_str_in_output: z.boolean().optional(),
  /** Caches are shared with nobody but requests that give the same text, as in vLLM. */
  cache_salt: z.string().min(1).max(200).optional(),
};

/** What chat and text completions may tell beside the answer: vLLM's token ids, llama.cpp's timings. */
export const reportFields = {
  return_token_ids: z.boolean().optional(),
  timings_per_token: z.boolean().optional(),
};

export type ReportFields = z.infer<z.ZodObject<typeof reportFields>>;

export type GenerationFields = z.infer<z.ZodObject<typeof generationFields>>;

/**
 * Counts before the schema looks at each entry: for hundreds of thousands of wrong entries the schema takes seconds,
 * and nobody else is answered during that time.
 */
export function refuseManyBiases({ logit_bias: biases }: Record<string, unknown>): void {
  if (typeof biases === 'object' && biases !== null && Object.keys(biases).length > maxBiases) {
    throw tooMany('logit_bias', `${maxBiases} tokens`);
  }
}

/** What the schema can't say of these fields, once a body was read. @throws ApiError 400 with `param` naming what is wrong */
export function checkGenerationFields(body: Pick<GenerationFields, 'logit_bias'> & StreamFields): void {
  readBiases(body);
  refuseStrayStreamOptions(body);
}

/** Looks at one bias after the other, until one is wrong. @throws ApiError 400 */
function readBiases({ logit_bias: biases = {} }: Pick<GenerationFields, 'logit_bias'>): void {
  for (const [token, bias] of Object.entries(biases)) {
    readPart(BiasedToken, token, ['logit_bias', token]);
    readPart(Bias, bias, ['logit_bias', token]);
  }
}

interface StreamFields {
  stream: boolean;
  /** Whatever options the surface has. */
  stream_options?: object | undefined;
}

/** @throws ApiError 400 where stream options are given and no stream is asked for */
function refuseStrayStreamOptions({ stream, stream_options: options }: StreamFields): void {
  if (!options || stream) return;
  throw new ApiError(400, "'stream_options' needs 'stream' to be true.", { param: 'stream_options' });
}

/** What `settingsOf` looks at beside the fields. */
export interface SettingsOptions {
  vocabularySize: number;
  /** How many alternatives to report with each token's log probability; undefined reports nothing. */
  topLogprobs: number | undefined;
  /** Longest answers that other parameters name; -1 names none. */
  moreLimits?: (number | undefined)[];
}

/** @throws ApiError 400 if a token is not in the vocabulary */
export function settingsOf(
  fields: Omit<GenerationFields, 'n' | 'stream_options'>,
  { vocabularySize, topLogprobs, moreLimits = [] }: SettingsOptions,
): Omit<SurfaceRequest, 'prompt'> {
  const limits = [fields.max_tokens, fields.n_predict, ...moreLimits].filter(
    (limit): limit is number => limit !== undefined && limit !== -1,
  );
  const { logit_bias: biases, stop_token_ids: stopTokenIds, min_tokens: minTokens = 0 } = fields;
  const maxTokens = limits.length > 0 ? Math.min(...limits) : undefined;
  if (maxTokens !== undefined && minTokens > maxTokens) {
    throw new ApiError(400, `'min_tokens': must be at most the longest answer, ${maxTokens} tokens`, {
      param: 'min_tokens',
    });
  }
  for (const token of stopTokenIds ?? []) refuseUnknownToken(token, 'stop_token_ids', vocabularySize);
  return {
    // Clients that send several mean the smallest one.
    ...(maxTokens === undefined ? {} : { maxTokens: Math.max(1, maxTokens) }),
    ...(maxTokens === 0 ? { answersNothing: true } : {}),
    ...(minTokens > 0 ? { minTokens } : {}),
    stopStrings: [fields.stop ?? []].flat(),
    ...definedOnly({
      showsStop: fields.include_stop_str_in_output,
      ignoresEnd: fields.ignore_eos,
      cacheSalt: fields.cache_salt,
      stopTokenIds,
    }),
    stream: fields.stream,
    sampling: definedOnly({
      temperature: fields.temperature,
      topP: fields.top_p,
      // -1 keeps all tokens, as in vLLM.
      topK: fields.top_k === undefined ? undefined : Math.max(0, fields.top_k),
      minP: fields.min_p,
      repetitionPenalty: fields.repetition_penalty ?? fields.repeat_penalty,
      frequencyPenalty: fields.frequency_penalty,
      presencePenalty: fields.presence_penalty,
      penaltyWindow: fields.repeat_last_n === -1 ? undefined : fields.repeat_last_n,
      logitBias: biases && toLogitBias(biases as Record<string, number>, vocabularySize),
      topLogprobs,
      seed: fields.seed === undefined || fields.seed === -1 ? undefined : toSeed(fields.seed),
    }),
  };
}

/** One request for each choice: they differ in what they draw. */
export function choicesOf(request: SurfaceRequest, count: number): [SurfaceRequest, ...SurfaceRequest[]] {
  const choice = (choiceIndex: number): SurfaceRequest => ({
    ...request,
    sampling: { ...request.sampling, choiceIndex },
  });
  return [choice(0), ...Array.from({ length: count - 1 }, (_, index) => choice(index + 1))];
}

function toLogitBias(biases: Record<string, number>, vocabularySize: number): [number, number][] {
  return Object.entries(biases).map(([token, bias]) => {
    refuseUnknownToken(Number(token), 'logit_bias', vocabularySize);
    return [Number(token), bias];
  });
}

/** @throws ApiError 400 */
export function refuseUnknownToken(token: number, param: string, vocabularySize: number): void {
  if (token < vocabularySize) return;
  throw new ApiError(400, `Token ${token} is not in the vocabulary of ${vocabularySize} tokens.`, { param });
}

/**
 * Seeds on the wire have 53 bits, so that a number holds them exactly. Those from 0 to 2^53 - 1 stay as they are; of the
 * others the high bits are mixed into the low ones, so that seeds that differ only there draw differently.
 */
export function toSeed(seed: number | bigint): number {
  const bits = BigInt.asUintN(64, BigInt(seed));
  return Number(BigInt.asUintN(53, bits) ^ ((bits >> 53n) << 42n));
}

/** Leaves undefined properties out. */
export function definedOnly<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
