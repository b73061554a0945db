/** The bodies of `POST /v1/messages` and of `/v1/messages/count_tokens`. */
import { z } from 'zod';
import { ApiError } from '../apiError.ts';
import { generationFields } from '../inference/generationFields.ts';
import { bodyReader, parameterName, readPart, tooMany, unsupportedParameter } from '../inference/readBody.ts';
import { lengthOfList, refuseLongConversation } from '../inference/refuseLongConversation.ts';
import { TemplateVariables } from '../inference/templateVariables.ts';
import { toolChoiceOf, ToolName, type ToolFields } from '../inference/tools.ts';
import { readContent, type ReadBlock } from './readContent.ts';

const maxStopSequences = 64;
const maxStopCharacters = 1000;
/** Agents with many tool servers send hundreds. */
const maxTools = 1024;

const MaxTokens = z.int({ error: 'must be a whole number of tokens, at least 1' }).min(1);

const Message = z.looseObject({
  role: z.enum(['user', 'assistant', 'system'], { error: 'must be user, assistant or system' }),
  content: z.union([z.string(), z.array(z.unknown())], { error: 'must be a string or a list of blocks' }),
});
const System = z.union([z.string(), z.array(z.looseObject({ type: z.literal('text'), text: z.string() }))], {
  error: 'must be a string or a list of blocks of type text',
});
const Tool = z.looseObject({
  type: z.string().nullish(),
  name: ToolName,
  description: z.string().nullish(),
  input_schema: z.looseObject({}).nullish(),
  strict: z.boolean().nullish(),
});
const ToolChoice = z.discriminatedUnion(
  'type',
  [
    z.looseObject({
      type: z.enum(['auto', 'any']),
      disable_parallel_tool_use: z.boolean().nullish(),
    }),
    z.looseObject({ type: z.literal('none') }),
    z.looseObject({
      type: z.literal('tool'),
      name: z.string(),
      disable_parallel_tool_use: z.boolean().nullish(),
    }),
  ],
  { error: 'must be {"type": "auto"}, "any", "none", or "tool" with a "name"' },
);
const Thinking = z.looseObject({
  type: z.enum(['enabled', 'disabled', 'adaptive', 'between_tools'], {
    error: 'must be enabled, disabled, adaptive or between_tools',
  }),
  // The model ends its thoughts itself; a budget is not held.
  budget_tokens: z.int().min(1).nullish(),
  display: z.enum(['summarized', 'omitted']).nullish(),
});
const OutputConfig = z.looseObject({
  effort: z.string().max(100).nullish(),
  format: z
    .looseObject({
      type: z.literal('json_schema', { error: 'must be "json_schema"' }),
      schema: z.looseObject({}, { error: 'must be a JSON Schema, which is an object' }),
    })
    .nullish(),
});

/** What counting honours: all that the prompt is made of. */
const promptFields = {
  model: generationFields.model,
  messages: z
    .array(z.unknown(), { error: 'must be a list of messages, such as [{"role": "user", "content": "Hi"}]' })
    .min(1),
  system: System.optional(),
  tools: z.array(z.unknown()).optional(),
  tool_choice: ToolChoice.optional(),
  thinking: Thinking.optional(),
  output_config: OutputConfig.optional(),
  chat_template_kwargs: TemplateVariables.optional(),
};

const { stream, temperature, top_p, top_k, min_p, seed, stop_token_ids, ignore_eos } = generationFields;
const { repetition_penalty, repeat_penalty, repeat_last_n, frequency_penalty, presence_penalty } =
  generationFields;

/** What `/v1/messages` honours, some parameters of other servers included. */
export const MessagesBody = z.object({
  ...promptFields,
  max_tokens: MaxTokens,
  stop_sequences: z
    .array(z.string().min(1).max(maxStopCharacters), { error: 'must be a list of strings' })
    .max(maxStopSequences)
    .optional(),
  ...{ stream, temperature, top_p, top_k, min_p, seed, stop_token_ids, ignore_eos },
  ...{ repetition_penalty, repeat_penalty, repeat_last_n, frequency_penalty, presence_penalty },
});
/** Counting takes the body of a message, and needs no limit of its answer. */
export const CountBody = MessagesBody.partial({ max_tokens: true });

export interface ReadMessage {
  role: 'user' | 'assistant' | 'system';
  blocks: ReadBlock[];
}

type Read<T> = { [Name in keyof T as Name extends 'messages' | 'tools' ? never : Name]: T[Name] } & {
  messages: ReadMessage[];
  /** Tools and the choice among them as OpenAI's API has them, which templates take. */
  toolFields: ToolFields;
};
export type MessagesBody = Read<z.infer<typeof MessagesBody>>;
export type CountBody = Read<z.infer<typeof CountBody>>;

/** @throws ApiError 400 with `param` naming what is wrong */
export const readMessagesBody = (value: unknown): MessagesBody => readParts(readMessages(value));

/** @throws ApiError 400 with `param` naming what is wrong */
export const readCountBody = (value: unknown): CountBody => readParts(readCount(value));

const readMessages = bodyReader(MessagesBody, refuseTooMuch);
const readCount = bodyReader(CountBody, refuseTooMuch);

/** Counts before a schema looks at each entry. */
function refuseTooMuch({ messages, tools }: Record<string, unknown>): void {
  refuseLongConversation(messages, (message) => {
    const { content } = message as { content?: unknown };
    if (!Array.isArray(content)) return 0;
    return content.reduce<number>(
      (sum, block) => sum + 1 + lengthOfList((block as { content?: unknown } | null)?.content),
      0,
    );
  });
  if (lengthOfList(tools) > maxTools) throw tooMany('tools', `${maxTools} tools`);
}

function readParts<T extends z.infer<typeof CountBody>>({ messages, tools, ...rest }: T): Read<T> {
  const toolFields: ToolFields = {
    ...(tools ? { tools: tools.map(readTool) } : {}),
    ...(rest.tool_choice ? { tool_choice: choiceOf(rest.tool_choice) } : {}),
  };
  toolChoiceOf(toolFields);
  // One after the other, until one is wrong.
  const readOnes = messages.map((one, index): ReadMessage => {
    const { role, content } = readPart(Message, one, ['messages', index]);
    return { role, blocks: readContent(content, ['messages', index, 'content']) };
  });
  refuseStrayResults(readOnes);
  return { ...rest, messages: readOnes, toolFields } as unknown as Read<T>;
}

/** @throws ApiError 400 where a result is of a call that is nowhere before it */
function refuseStrayResults(messages: readonly ReadMessage[]): void {
  const known = new Set<string>();
  for (const [index, { blocks }] of messages.entries()) {
    for (const block of blocks) {
      if (block.type === 'tool-use') known.add(block.id);
      if (block.type !== 'tool-result' || known.has(block.id)) continue;
      const param = `messages[${index}].content`;
      throw new ApiError(
        400,
        `'${param}': unexpected 'tool_use_id' in a 'tool_result' block: '${block.id.slice(0, 100)}'. ` +
          "Each needs its 'tool_use' block in an earlier message.",
        { param },
      );
    }
  }
}

function readTool(value: unknown, index: number): NonNullable<ToolFields['tools']>[number] {
  const { type } = readPart(z.looseObject({ type: z.string().nullish() }), value, ['tools', index]);
  if (type && type !== 'custom') {
    throw unsupportedParameter(
      parameterName(['tools', index, 'type']),
      `This hub runs no tools of its own, such as ${type.slice(0, 100)}. Describe yours with "name" and "input_schema".`,
    );
  }
  const { name, description, input_schema: parameters, strict } = readPart(Tool, value, ['tools', index]);
  return {
    type: 'function',
    function: {
      name,
      ...(description ? { description } : {}),
      parameters: parameters ?? { type: 'object', properties: {} },
      ...(strict ? { strict } : {}),
    },
  };
}

function choiceOf(choice: z.infer<typeof ToolChoice>): NonNullable<ToolFields['tool_choice']> {
  if (choice.type === 'tool') return { type: 'function', function: { name: choice.name } };
  return choice.type === 'any' ? 'required' : choice.type;
}
