/** Items of a request's input: what was said, thought and called before. */
import { z } from 'zod';
import { ApiError } from '../../apiError.ts';
import { readPart, tooMany } from '../../inference/readBody.ts';
import { lengthOfList } from '../../inference/refuseLongConversation.ts';

const textOnly =
  'must be a text, or a list of parts of type input_text or output_text; this model reads text only';
const TextPart = z.looseObject({
  type: z.enum(['input_text', 'output_text', 'text', 'summary_text', 'reasoning_text']),
  text: z.string(),
});
const RefusalPart = z.looseObject({ type: z.literal('refusal'), refusal: z.string() });
const Content = z.union([z.string(), z.array(z.union([TextPart, RefusalPart]))], { error: textOnly });
const Id = z.string().max(200).nullish();
const CallId = z.string().min(1).max(200);
const Name = z.string().min(1).max(300);

const Message = z.looseObject({
  type: z.literal('message').nullish(),
  id: Id,
  role: z.enum(['user', 'assistant', 'system', 'developer'], {
    error: 'must be user, assistant, system or developer',
  }),
  content: Content,
});
const FunctionCall = z.looseObject({
  type: z.literal('function_call'),
  id: Id,
  call_id: CallId,
  name: Name,
  namespace: Name.nullish(),
  arguments: z.string(),
});
const CustomCall = z.looseObject({
  type: z.literal('custom_tool_call'),
  id: Id,
  call_id: CallId,
  name: Name,
  namespace: Name.nullish(),
  input: z.string(),
});
const CallOutput = z.looseObject({
  type: z.enum(['function_call_output', 'custom_tool_call_output']),
  id: Id,
  call_id: CallId,
  output: Content,
});
const Reasoning = z.looseObject({
  type: z.literal('reasoning'),
  id: Id,
  summary: z.array(TextPart).nullish(),
  content: z.array(TextPart).nullish(),
  encrypted_content: z.string().nullish(),
});
const Compaction = z.looseObject({
  type: z.enum(['compaction', 'compaction_summary']),
  id: Id,
  encrypted_content: z.string(),
});
const Reference = z.looseObject({
  type: z.literal('item_reference').nullish(),
  id: z.string().min(1).max(200),
});

const schemas = {
  message: Message,
  function_call: FunctionCall,
  function_call_output: CallOutput,
  custom_tool_call: CustomCall,
  custom_tool_call_output: CallOutput,
  reasoning: Reasoning,
  compaction: Compaction,
  compaction_summary: Compaction,
  item_reference: Reference,
};
type ItemType = keyof typeof schemas;
/** Any item, as the description of the API has it. */
export const Item = z.union([
  Message,
  FunctionCall,
  CustomCall,
  CallOutput,
  Reasoning,
  Compaction,
  Reference,
]);

export type InputItem =
  | (z.infer<typeof Message> & { type: 'message' })
  | z.infer<typeof FunctionCall>
  | z.infer<typeof CustomCall>
  | z.infer<typeof CallOutput>
  | z.infer<typeof Reasoning>
  | z.infer<typeof Compaction>
  | (z.infer<typeof Reference> & { type: 'item_reference' });

/** Parts of text in all items together. */
const maxParts = 10_000;

/**
 * Reads items one after the other, until one is wrong.
 * @throws ApiError 400
 */
export function readItems(input: string | unknown[]): InputItem[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }];
  const parts = input.reduce<number>((sum, item) => sum + partsOf(item), 0);
  if (parts > maxParts) throw tooMany('input', `${maxParts} parts of content`);
  return input.map((item, index) => readItem(item, ['input', index]));
}

function readItem(value: unknown, path: readonly PropertyKey[]): InputItem {
  const type = typeOf(value, path);
  // Each schema gives an item of its own type.
  return { ...readPart(schemas[type] as z.ZodType<object>, value, path), type } as InputItem;
}

/** Messages and references may leave their type out. */
function typeOf(value: unknown, path: readonly PropertyKey[]): ItemType {
  const { type, role, id } = (value ?? {}) as Record<string, unknown>;
  if (type === undefined || type === null) {
    return role === undefined && typeof id === 'string' ? 'item_reference' : 'message';
  }
  if (typeof type === 'string' && Object.hasOwn(schemas, type)) return type as ItemType;
  const param = `input[${String(path[1])}].type`;
  throw new ApiError(400, `'${param}' must be one of ${Object.keys(schemas).join(', ')}.`, { param });
}

function partsOf(item: unknown): number {
  const { content, output, summary } = (item ?? {}) as Record<string, unknown>;
  return lengthOfList(content) + lengthOfList(output) + lengthOfList(summary);
}

/** The text of a content. */
export function textOfContent(content: z.infer<typeof Content>): string {
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'refusal' ? part.refusal : part.text)).join('');
}
