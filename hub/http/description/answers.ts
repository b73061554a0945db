/** Answers to programs, as far as they are described: what is always there. */
import { z } from 'zod';

const Tokens = z.int().min(0);
const Usage = z.looseObject({
  prompt_tokens: Tokens,
  completion_tokens: Tokens,
  total_tokens: Tokens,
  prompt_tokens_details: z.looseObject({ cached_tokens: Tokens }),
  completion_tokens_details: z.looseObject({ reasoning_tokens: Tokens }),
});
const base = {
  id: z.string(),
  created: z.int().describe('Unix seconds'),
  model: z.string(),
  system_fingerprint: z.string().describe('Names the weights and the software that answered'),
};
const index = z.int().min(0);
const EndReason = z.enum(['stop', 'length', 'tool_calls', 'function_call']).nullable();
const Logprobs = z.looseObject({}).nullable();

export const ChatCompletion = z.looseObject({
  ...base,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.looseObject({
      index,
      message: z.looseObject({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        refusal: z.null(),
        reasoning_content: z.string().optional().describe('What the model thought; also as `reasoning`'),
        tool_calls: z
          .array(
            z.looseObject({
              id: z.string(),
              type: z.literal('function'),
              function: z.looseObject({ name: z.string(), arguments: z.string() }),
            }),
          )
          .optional(),
      }),
      logprobs: Logprobs,
      finish_reason: EndReason,
    }),
  ),
  usage: Usage,
});
export const ChatCompletionChunk = z.looseObject({
  ...base,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.looseObject({ index, delta: z.looseObject({}), logprobs: Logprobs, finish_reason: EndReason }),
  ),
  usage: Usage.nullish(),
});
export const Completion = z.looseObject({
  ...base,
  object: z.literal('text_completion'),
  choices: z.array(z.looseObject({ index, text: z.string(), logprobs: Logprobs, finish_reason: EndReason })),
  usage: Usage.nullish(),
});

export const Model = z.looseObject({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
  context_length: z.int().describe('What the devices that serve it now have room for, in tokens'),
});
export const ModelList = z.looseObject({ object: z.literal('list'), data: z.array(Model) });

const ResponseItem = z.looseObject({ type: z.string(), id: z.string() });
const ResponseUsage = z.looseObject({
  input_tokens: Tokens,
  input_tokens_details: z.looseObject({ cached_tokens: Tokens }),
  output_tokens: Tokens,
  output_tokens_details: z.looseObject({ reasoning_tokens: Tokens }),
  total_tokens: Tokens,
});
export const Response = z.looseObject({
  id: z.string(),
  object: z.literal('response'),
  created_at: z.int().describe('Unix seconds'),
  completed_at: z.int().nullable(),
  status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
  background: z.boolean(),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
  incomplete_details: z.looseObject({ reason: z.string() }).nullable(),
  instructions: z.string().nullable(),
  max_output_tokens: z.int().nullable(),
  max_tool_calls: z.int().nullable(),
  metadata: z.record(z.string(), z.string()),
  model: z.string(),
  output: z.array(ResponseItem),
  parallel_tool_calls: z.boolean(),
  previous_response_id: z.string().nullable(),
  prompt_cache_key: z.string().nullable(),
  reasoning: z.looseObject({ effort: z.string().nullable(), summary: z.string().nullable() }),
  safety_identifier: z.string().nullable(),
  service_tier: z.string(),
  store: z.boolean(),
  temperature: z.number(),
  text: z.looseObject({ format: z.looseObject({ type: z.string() }), verbosity: z.string() }),
  tool_choice: z.union([z.string(), z.looseObject({})]),
  tools: z.array(z.looseObject({ type: z.string() })),
  top_logprobs: z.int(),
  top_p: z.number(),
  presence_penalty: z.number(),
  frequency_penalty: z.number(),
  truncation: z.enum(['auto', 'disabled']),
  usage: ResponseUsage.optional(),
});
export const ResponseEvent = z.looseObject({ type: z.string(), sequence_number: z.int().min(0) });
export const ResponseItemList = z.looseObject({
  object: z.literal('list'),
  data: z.array(ResponseItem),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
});
export const DeletedResponse = z.looseObject({
  id: z.string(),
  object: z.literal('response'),
  deleted: z.literal(true),
});
export const ResponseInputTokens = z.looseObject({
  object: z.literal('response.input_tokens'),
  input_tokens: z.number().int(),
});

export const CompactedResponse = z.looseObject({
  id: z.string(),
  object: z.literal('response.compaction'),
  created_at: z.int(),
  output: z.array(z.looseObject({})),
  usage: ResponseUsage,
});

export const AnthropicMessage = z.looseObject({
  id: z.string(),
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: z.string(),
  content: z.array(z.looseObject({ type: z.string() })),
  stop_reason: z.string().nullable(),
  usage: z.looseObject({ input_tokens: Tokens, output_tokens: Tokens }),
});
export const AnthropicTokenCount = z.looseObject({ input_tokens: Tokens });

export const Tokenized = z.looseObject({ tokens: z.array(z.unknown()) });
export const Detokenized = z.looseObject({ content: z.string(), prompt: z.string() });
export const Prompt = z.looseObject({ prompt: z.string() });

export const Embeddings = z.looseObject({
  object: z.literal('list'),
  model: z.string(),
  data: z.array(
    z.looseObject({
      object: z.literal('embedding'),
      index,
      embedding: z
        .union([z.array(z.number()), z.string()])
        .describe('Base64 of 32-bit numbers where that was asked for'),
    }),
  ),
  usage: z.looseObject({ prompt_tokens: Tokens, total_tokens: Tokens }),
});
export const Reranked = z.looseObject({
  results: z.array(z.looseObject({ index, relevance_score: z.number() })),
});
