/** The body of a chat request as clients send it. Unknown fields pass; what is known is honoured or refused. */
import { z } from 'zod';
import { ApiError } from '../apiError.ts';

const TextPart = z.looseObject({ type: z.enum(['text', 'input_text']), text: z.string() });
const Content = z.union([z.string(), z.array(TextPart)], {
  error: 'must be a string or an array of parts of type text; this model reads text only',
});
const Message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: Content.nullish(),
  name: z.string().nullish(),
  tool_calls: z.array(z.unknown()).nullish(),
});

const maxStopStrings = 4;
const maxStopCharacters = 1000;
const StopString = z.string().max(maxStopCharacters);
/** Each is a number added to a logit at every token; OpenAI's own limit is lower. */
const maxBiases = 10_000;
const maxMessages = 10_000;
/** Parts of text in all messages together. */
const maxParts = 10_000;
/** Template variables are switches and short texts, written as JSON. */
const maxTemplateVariableCharacters = 16 * 1024;

/** Smaller ones make logits infinite in 32 bits; below 1, a penalty already rewards repetition. */
const RepetitionPenalty = z.number().min(0.01).max(10);

/** A name in `logit_bias`: a token id in decimal, in one way only. */
const BiasedToken = z
  .string()
  .regex(/^(0|[1-9]\d{0,8})$/, 'takes token ids in plain decimal as names, such as "42"');
const Bias = z.number().min(-100).max(100);

/** 64 bits, as OpenAI's schema has it; above 2^53 `parseJson` gives a bigint. -1 asks for a drawn seed, as in vLLM. */
const Seed = z.union(
  [
    z.int(),
    z
      .bigint()
      .min(-(2n ** 63n))
      .max(2n ** 63n - 1n),
  ],
  {
    error: 'must be a whole number from -9223372036854775808 to 9223372036854775807',
  },
);

/** What the hub itself gives to a template, or what would change how it is rendered. */
const reservedVariables = new Set([
  'messages',
  'tools',
  'documents',
  'chat_template',
  'add_generation_prompt',
  'tokenize',
  'padding',
  'truncation',
  'max_length',
  'return_tensor',
  'return_dict',
  'tokenizer_kwargs',
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
]);

const TemplateVariables = z
  .custom<Record<string, unknown>>((value) => typeof value === 'object' && !Array.isArray(value), {
    error: 'must be a JSON object',
  })
  .superRefine((variables, context) => {
    const reserved = Object.keys(variables).find((name) => reservedVariables.has(name));
    if (reserved !== undefined) {
      context.addIssue({ code: 'custom', message: `may not set '${reserved}', which the hub sets` });
    }
    if (jsonLength(variables) > maxTemplateVariableCharacters) {
      const message = `takes at most ${maxTemplateVariableCharacters} characters of JSON`;
      context.addIssue({ code: 'custom', message });
    }
  });

const ChatBody = z.looseObject({
  model: z.string({ error: 'must be the name of a model, as GET /v1/models lists it' }).optional(),
  messages: z
    .array(z.unknown(), { error: 'must be a list of messages, such as [{"role": "user", "content": "Hi"}]' })
    .min(1),
  stream: z.boolean().default(false),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).optional(),
  max_tokens: z.number().int().min(1).optional(),
  max_completion_tokens: z.number().int().min(1).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.number().int().min(-1).optional(),
  min_p: z.number().min(0).max(1).optional(),
  repetition_penalty: RepetitionPenalty.optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  presence_penalty: z.number().min(-2).max(2).optional(),
  logit_bias: z.record(z.string(), z.unknown()).optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.number().int().min(0).max(20).optional(),
  seed: Seed.optional(),
  stop: z.union([StopString, z.array(StopString).max(maxStopStrings)]).optional(),
  chat_template_kwargs: TemplateVariables.optional(),
  reasoning_effort: z.string().max(100).optional(),
});
type Parsed = z.infer<typeof ChatBody>;
export type ChatBody = {
  [Name in keyof Parsed as Name extends 'messages' | 'logit_bias' ? never : Name]: Parsed[Name];
} & {
  messages: z.infer<typeof Message>[];
  logit_bias?: Record<string, number> | undefined;
};

/** Known parameters that this hub does not do yet, and the values of them that ask for nothing. */
const unsupported: Record<string, (value: unknown) => boolean> = {
  n: (value) => value === 1,
  best_of: (value) => value === 1,
  tools: isEmptyList,
  tool_choice: (value) => value === 'none' || value === 'auto',
  functions: isEmptyList,
  function_call: (value) => value === 'none' || value === 'auto',
  response_format: (value) =>
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'text',
  audio: () => false,
  modalities: (value) => Array.isArray(value) && value.every((one) => one === 'text'),
  web_search_options: () => false,
  verbosity: (value) => value === 'medium',
  echo: (value) => value === false,
};

/**
 * Reads a chat request. Null means absent.
 * @throws ApiError 400 with `param` naming what is wrong
 */
export function readChatBody(value: unknown): ChatBody {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiError(400, 'The body must be a JSON object.');
  }
  const given = knownFields(value);
  for (const [param, asksForNothing] of Object.entries(unsupported)) {
    if (param in given && !asksForNothing(given[param])) {
      throw new ApiError(400, `'${param}' with this value is not supported by this hub.`, {
        param,
        code: 'unsupported_parameter',
      });
    }
  }
  refuseTooMany(given);
  const parsed = ChatBody.safeParse(given);
  if (!parsed.success) throw invalidParameter(parsed.error);
  const body: ChatBody = {
    ...parsed.data,
    messages: readMessages(parsed.data.messages),
    logit_bias: parsed.data.logit_bias && readBiases(parsed.data.logit_bias),
  };
  if (body.top_logprobs !== undefined && body.logprobs !== true) {
    throw new ApiError(400, "'top_logprobs' needs 'logprobs' to be true.", { param: 'top_logprobs' });
  }
  return body;
}

/** One after the other, until one is wrong: a schema of all collects what is wrong with each, which takes ten times as long. */
function readMessages(messages: readonly unknown[]): ChatBody['messages'] {
  return messages.map((value, index) => {
    const message = readPart(Message, value, ['messages', index]);
    if (!message.tool_calls || message.tool_calls.length === 0) return message;
    const param = `messages[${index}].tool_calls`;
    throw new ApiError(400, `'${param}' is not supported by this hub.`, {
      param,
      code: 'unsupported_parameter',
    });
  });
}

function readBiases(biases: Record<string, unknown>): Record<string, number> {
  for (const [token, bias] of Object.entries(biases)) {
    readPart(BiasedToken, token, ['logit_bias', token]);
    readPart(Bias, bias, ['logit_bias', token]);
  }
  return biases as Record<string, number>;
}

/** @param path where it is in the body */
function readPart<T>(schema: z.ZodType<T>, value: unknown, path: readonly PropertyKey[]): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalidParameter(parsed.error, path);
  return parsed.data;
}

/** The fields of a body that the hub knows. The schema takes seconds for a body of nothing but unknown ones. */
function knownFields(value: object): Record<string, unknown> {
  const body = value as Record<string, unknown>;
  const names = [...Object.keys(ChatBody.shape), ...Object.keys(unsupported)];
  return Object.fromEntries(
    names
      .filter((name) => Object.hasOwn(body, name) && body[name] !== null)
      .map((name) => [name, body[name]]),
  );
}

/**
 * Counts before the schema looks at each entry: for hundreds of thousands of wrong entries the schema takes seconds,
 * and nobody else is answered during that time.
 */
function refuseTooMany({ messages, logit_bias: biases }: Record<string, unknown>): void {
  if (Array.isArray(messages)) {
    if (messages.length > maxMessages) throw tooMany('messages', `${maxMessages} messages`);
    const parts = messages.reduce<number>((sum, message) => sum + partsOf(message), 0);
    if (parts > maxParts) throw tooMany('messages', `${maxParts} parts of content`);
  }
  if (typeof biases === 'object' && biases !== null && Object.keys(biases).length > maxBiases) {
    throw tooMany('logit_bias', `${maxBiases} tokens`);
  }
}

function partsOf(message: unknown): number {
  const content = (message as { content?: unknown } | null)?.content;
  return Array.isArray(content) ? content.length : 0;
}

function tooMany(param: string, most: string): ApiError {
  return new ApiError(400, `'${param}': takes at most ${most}`, { param, code: 'invalid_value' });
}

function invalidParameter(error: z.ZodError, within: readonly PropertyKey[] = []): ApiError {
  const [issue] = error.issues;
  const param = [...within, ...(issue?.path ?? [])].reduce<string>(
    (path, part) =>
      typeof part === 'number' ? `${path}[${part}]` : path === '' ? String(part) : `${path}.${String(part)}`,
    '',
  );
  return new ApiError(400, `'${param}': ${issue?.message ?? 'is wrong'}`, {
    param,
    code: issue?.code === 'invalid_type' ? 'invalid_type' : 'invalid_value',
    cause: error,
  });
}

/** Infinite where the nesting is too deep to be written. */
function jsonLength(value: unknown): number {
  try {
    return JSON.stringify(value).length;
  } catch {
    return Infinity;
  }
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
