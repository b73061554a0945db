/** Items as they are kept with a response, and told by it: each has an id. */
import type { InputItem } from './inputItems.ts';
import { itemId } from './responseShapes.ts';

const kinds: Record<InputItem['type'], string> = {
  message: 'msg',
  function_call: 'fc',
  function_call_output: 'fco',
  custom_tool_call: 'ctc',
  custom_tool_call_output: 'ctco',
  reasoning: 'rs',
  compaction: 'cmp',
  compaction_summary: 'cmp',
  item_reference: 'ref',
};

/** References stay what they are: what they name is kept elsewhere. */
export function keptItems(items: readonly InputItem[], requestId: string): InputItem[] {
  return items.map((item, index): InputItem => {
    const id = item.id ?? itemId(kinds[item.type], requestId, `in${index}`);
    if (item.type !== 'message') return { ...item, id };
    const { role, content } = item;
    const type = role === 'assistant' ? ('output_text' as const) : ('input_text' as const);
    const parts = typeof content === 'string' ? [{ type, text: content }] : content;
    return { status: 'completed', ...item, id, content: parts };
  });
}
