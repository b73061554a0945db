/** The body of a chat request as clients send it. */
import { z } from 'zod';
import { ApiError } from '../apiError.ts';
import {
  checkGenerationFields,
  MaxTokens,
  generationFields,
  refuseManyBiases,
} from '../inference/generationFields.ts';
import { bodyReader, readPart, tooMany } from '../inference/readBody.ts';
import { TemplateVariables } from '../inference/templateVariables.ts';
import { refuseTools, toolFields } from '../inference/tools.ts';

const TextPart = z.looseObject({ type: z.enum(['text', 'input_text', 'output_text']), text: z.string() });
/** What the assistant once refused to say, in a history that is sent again. */
const RefusalPart = z.looseObject({ type: z.literal('refusal'), refusal: z.string() });
const Content = z.union([z.string(), z.array(z.union([TextPart, RefusalPart]))], {
  error: 'must be a string or an array of parts of type text; this model reads text only',
});
const Message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function'], {
    error: 'must be system, developer, user, assistant, tool or function',
  }),
  content: Content.nullish(),
  refusal: z.string().nullish(),
  name: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  tool_calls: z
    .array(
      z.looseObject({
        id: z.string().nullish(),
        function: z.looseObject({ name: z.string(), arguments: z.string().nullish() }),
      }),
    )
    .nullish(),
  tool_call_id: z.string().nullish(),
});

const maxMessages = 10_000;
/** Parts of text in all messages together. */
const maxParts = 10_000;

/** What this surface honours. */
export const ChatBody = z.object({
  ...generationFields,
  ...toolFields,
  messages: z
    .array(z.unknown(), { error: 'must be a list of messages, such as [{"role": "user", "content": "Hi"}]' })
    .min(1),
  max_completion_tokens: MaxTokens.optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.number().int().min(0).max(20).optional(),
  chat_template_kwargs: TemplateVariables.optional(),
  enable_thinking: z.boolean().optional(),
  reasoning_effort: z.string().max(100).optional(),
  reasoning_format: z.enum(['none', 'auto', 'deepseek']).optional(),
  include_reasoning: z.boolean().optional(),
  add_generation_prompt: z.boolean().optional(),
  continue_final_message: z.boolean().optional(),
});
type Parsed = z.infer<typeof ChatBody>;
export type ChatBody = { [Name in keyof Parsed as Name extends 'messages' ? never : Name]: Parsed[Name] } & {
  messages: z.infer<typeof Message>[];
};

const read = bodyReader(ChatBody, (fields) => {
  refuseTooMany(fields);
  refuseManyBiases(fields);
});

/**
 * Reads a chat request. Null means absent.
 * @throws ApiError 400 with `param` naming what is wrong
 */
export function readChatBody(value: unknown): ChatBody {
  const parsed = read(value);
  // One after the other, until one is wrong: a schema of all collects what is wrong with each, which takes ten times as long.
  const messages = parsed.messages.map((message, index) => readPart(Message, message, ['messages', index]));
  const body: ChatBody = { ...parsed, messages };
  checkGenerationFields(body);
  if ((body.top_logprobs ?? 0) > 0 && body.logprobs !== true) {
    throw new ApiError(400, "'top_logprobs' needs 'logprobs' to be true.", { param: 'top_logprobs' });
  }
  if (body.continue_final_message && body.add_generation_prompt) {
    throw new ApiError(
      400,
      "'continue_final_message' goes on with the last message, and 'add_generation_prompt' begins another: set one of them.",
      { param: 'continue_final_message' },
    );
  }
  refuseTools(body);
  return body;
}

/** Counts before the schema looks at each message. */
function refuseTooMany({ messages }: Record<string, unknown>): void {
  if (!Array.isArray(messages)) return;
  if (messages.length > maxMessages) throw tooMany('messages', `${maxMessages} messages`);
  const parts = messages.reduce<number>((sum, message) => sum + partsOf(message), 0);
  if (parts > maxParts) throw tooMany('messages', `${maxParts} parts of content`);
}

function partsOf(message: unknown): number {
  const { content, tool_calls: calls } = (message ?? {}) as { content?: unknown; tool_calls?: unknown };
  return (Array.isArray(content) ? content.length : 0) + (Array.isArray(calls) ? calls.length : 0);
}
