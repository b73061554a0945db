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

const ChatBody = z.looseObject({
  model: z.string().optional(),
  messages: z.array(Message).min(1),
  stream: z.boolean().default(false),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).optional(),
  max_tokens: z.number().int().min(1).optional(),
  max_completion_tokens: z.number().int().min(1).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.number().int().min(-1).optional(),
  min_p: z.number().min(0).max(1).optional(),
  repetition_penalty: z.number().positive().max(10).optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  presence_penalty: z.number().min(-2).max(2).optional(),
  logit_bias: z.record(z.string().regex(/^\d+$/, 'token ids'), z.number().min(-100).max(100)).optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.number().int().min(0).max(20).optional(),
  seed: z.number().int().optional(),
  stop: z.union([z.string(), z.array(z.string()).max(maxStopStrings)]).optional(),
});
export type ChatBody = z.infer<typeof ChatBody>;

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
  const given = Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null));
  for (const [param, asksForNothing] of Object.entries(unsupported)) {
    if (param in given && !asksForNothing(given[param])) {
      throw new ApiError(400, `'${param}' with this value is not supported by this hub.`, {
        param,
        code: 'unsupported_parameter',
      });
    }
  }
  const parsed = ChatBody.safeParse(given);
  if (!parsed.success) throw invalidParameter(parsed.error);
  const body = parsed.data;
  if (body.top_logprobs !== undefined && body.logprobs !== true) {
    throw new ApiError(400, "'top_logprobs' needs 'logprobs' to be true.", { param: 'top_logprobs' });
  }
  for (const [index, message] of body.messages.entries()) {
    if (message.tool_calls && message.tool_calls.length > 0) {
      const param = `messages[${index}].tool_calls`;
      throw new ApiError(400, `'${param}' is not supported by this hub.`, {
        param,
        code: 'unsupported_parameter',
      });
    }
  }
  return body;
}

function invalidParameter(error: z.ZodError): ApiError {
  const [issue] = error.issues;
  const param = (issue?.path ?? []).reduce<string>(
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

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
