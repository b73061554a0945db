/** The body of a chat request as clients send it. */
import { z } from 'zod';
import { ApiError } from '../apiError.ts';
import {
  checkGenerationFields,
  MaxTokens,
  generationFields,
  reportFields,
  refuseManyBiases,
} from '../inference/generationFields.ts';
import { asFunctions, CustomCall, readTools, type ReadTools } from './chatCustomTools.ts';
import { bodyReader, readPart } from '../inference/readBody.ts';
import { ReasoningEffort } from '../inference/reasoningFields.ts';
import { lengthOfList, refuseLongConversation } from '../inference/refuseLongConversation.ts';
import { TemplateVariables } from '../inference/templateVariables.ts';
import { maxTools, toolChoiceOf, toolFields, ToolName } from '../inference/tools.ts';
import { grammarFields } from '../inference/wantedGrammar.ts';

const TextPart = z.looseObject({ type: z.enum(['text', 'input_text', 'output_text']), text: z.string() });
/** What the assistant once refused to say, in a history that is sent again. */
const RefusalPart = z.looseObject({ type: z.literal('refusal'), refusal: z.string() });
const Content = z.union([z.string(), z.array(z.union([TextPart, RefusalPart]))], {
  error: 'must be a string or an array of parts of type text; this model reads text only',
});
const CalledFunction = z.looseObject({ name: z.string(), arguments: z.string().nullish() });
const MessageFields = z.looseObject({
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
      z
        .looseObject({
          id: z.string().nullish(),
          function: CalledFunction.optional(),
          custom: CustomCall.optional(),
        })
        .refine((call) => call.function ?? call.custom, {
          error: 'is missing: it says which function was called',
          path: ['function'],
        }),
    )
    .nullish(),
  tool_call_id: z.string().nullish(),
  /** A call of the time before tools. */
  function_call: CalledFunction.nullish(),
});

/** What the assistant said in place of a content, in a history that is sent again. */
const insteadOfContent = [
  'tool_calls',
  'function_call',
  'refusal',
  'reasoning_content',
  'reasoning',
] as const;

export const Message = MessageFields.refine(
  (message) =>
    (message.content ?? undefined) !== undefined ||
    (message.role === 'assistant' &&
      insteadOfContent.some((name) => (message[name] ?? undefined) !== undefined)),
  {
    path: ['content'],
    error: "must be a text or a list of parts: only an assistant's message that calls tools may go without",
  },
);

/** Tools and the choice among them as they were called before there were others than functions. */
const LegacyFunction = z.looseObject({
  name: ToolName,
  description: z.string().nullish(),
  parameters: z.looseObject({}).nullish(),
});
const LegacyChoice = z.union([z.enum(['none', 'auto']), z.looseObject({ name: z.string() })], {
  error: 'must be "none", "auto" or {"name": "…"}',
});

/** As many as OpenAI takes. */
const maxFunctions = 128;

/** What this surface honours. */
export const ChatBody = z.object({
  ...generationFields,
  ...toolFields,
  // Each is read by its own type.
  tools: z
    .array(z.looseObject({ type: z.unknown() }))
    .max(maxTools)
    .optional(),
  ...grammarFields,
  ...reportFields,
  functions: z.array(LegacyFunction).max(maxFunctions).optional(),
  function_call: LegacyChoice.optional(),
  messages: z
    .array(z.unknown(), { error: 'must be a list of messages, such as [{"role": "user", "content": "Hi"}]' })
    .min(1),
  max_completion_tokens: MaxTokens.optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.number().int().min(0).max(20).optional(),
  chat_template_kwargs: TemplateVariables.optional(),
  enable_thinking: z.boolean().optional(),
  reasoning_effort: ReasoningEffort.optional(),
  reasoning_format: z.enum(['none', 'auto', 'deepseek']).optional(),
  include_reasoning: z.boolean().optional(),
  add_generation_prompt: z.boolean().optional(),
  continue_final_message: z.boolean().optional(),
});
type Parsed = z.infer<typeof ChatBody>;
export type ChatBody = {
  [Name in keyof Parsed as Name extends 'messages' | 'tools' ? never : Name]: Parsed[Name];
} & Partial<ReadTools> & {
    messages: z.infer<typeof Message>[];
    /** True where tools were given as functions: calls are then told in the same way. */
    usesFunctions?: boolean;
  };

const read = bodyReader(ChatBody, (fields) => {
  refuseLongConversation(fields['messages'], (message) => {
    const { content, tool_calls: calls } = message as Record<string, unknown>;
    return lengthOfList(content) + lengthOfList(calls);
  });
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
  const { tools, tool_choice: choice, ...rest } = parsed;
  const body: ChatBody = {
    ...rest,
    ...(tools ? readTools(tools) : {}),
    ...(choice === undefined ? {} : { tool_choice: asFunctions(choice) }),
    ...functionTools(parsed),
    messages,
  };
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
  toolChoiceOf(body);
  refuseStrayResults(messages);
  return body;
}

/** Calls that have no id can be answered by any. @throws ApiError 400 where a result is of a call that is nowhere before it */
function refuseStrayResults(messages: ChatBody['messages']): void {
  const known = new Set<string | null | undefined>();
  for (const [index, { role, tool_calls: calls, tool_call_id: id }] of messages.entries()) {
    for (const call of calls ?? []) known.add(call.id ?? undefined);
    if (role !== 'tool' || typeof id !== 'string' || known.has(id) || known.has(undefined)) continue;
    const param = `messages[${index}].tool_call_id`;
    throw new ApiError(
      400,
      `'${param}': '${id.slice(0, 100)}' is not found in 'tool_calls' of an earlier message.`,
      { param },
    );
  }
}

/** The older parameters as tools. @throws ApiError 400 where both are there */
function functionTools({
  functions,
  function_call: choice,
  tools,
}: Parsed): Pick<ChatBody, 'usesFunctions' | 'tools' | 'tool_choice'> {
  if (!functions) return {};
  if (tools) {
    throw new ApiError(400, "'functions' are the older form of 'tools': send one of them.", {
      param: 'functions',
    });
  }
  return {
    usesFunctions: true,
    tools: functions.map((one) => ({ type: 'function', function: one })),
    ...(choice === undefined
      ? {}
      : { tool_choice: typeof choice === 'string' ? choice : { type: 'function', function: choice } }),
  };
}
