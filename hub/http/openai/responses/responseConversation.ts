/** From items to the conversation that the model's template renders. */
import type { ChatMessage, ToolCall } from '../../../models/chatFormat.ts';
import { ApiError } from '../../apiError.ts';
import { textOfContent, type InputItem } from './inputItems.ts';
import { calledName } from './responseTools.ts';
import { openSealed } from './sealedText.ts';

/** What an assistant thought, said and called after one another is one message. */
interface Turn {
  reasoning: string;
  content: string;
  calls: ToolCall[];
}

/** @param items without references @throws ApiError 400 where an output is of a call that is nowhere before it */
export function messagesOf(items: readonly InputItem[], instructions: string | undefined): ChatMessage[] {
  const messages: ChatMessage[] = [];
  const names = new Map<string, string>();
  /** True where calls may be gone that results belong to. */
  let isCompacted = false;
  let turn: Turn | undefined;
  const begun = (): Turn => (turn ??= { reasoning: '', content: '', calls: [] });
  const endTurn = (): void => {
    if (turn) messages.push(toMessage(turn));
    turn = undefined;
  };
  if (instructions !== undefined) messages.push({ role: 'system', content: instructions.toWellFormed() });
  for (const item of items) {
    switch (item.type) {
      case 'message': {
        const content = textOfContent(item.content).toWellFormed();
        if (item.role !== 'assistant') {
          endTurn();
          messages.push({ role: item.role === 'developer' ? 'system' : item.role, content });
          break;
        }
        if (turn && (turn.content !== '' || turn.calls.length > 0)) endTurn();
        begun().content = content;
        break;
      }
      case 'reasoning':
        if (turn && (turn.content !== '' || turn.calls.length > 0)) endTurn();
        begun().reasoning += thoughtsOf(item).toWellFormed();
        break;
      case 'function_call':
      case 'custom_tool_call': {
        const name = calledName(item.name, item.namespace);
        const given = item.type === 'function_call' ? parsed(item.arguments) : { input: item.input };
        names.set(item.call_id, name);
        begun().calls.push({ type: 'function', id: item.call_id, function: { name, arguments: given } });
        break;
      }
      case 'function_call_output':
      case 'custom_tool_call_output': {
        endTurn();
        const name = names.get(item.call_id);
        if (name === undefined && !isCompacted) throw strayResult(item);
        messages.push({
          role: 'tool',
          content: textOfContent(item.output).toWellFormed(),
          tool_call_id: item.call_id,
          ...(name === undefined ? {} : { name }),
        });
        break;
      }
      case 'compaction':
      case 'compaction_summary':
        endTurn();
        isCompacted = true;
        messages.push({ role: 'system', content: summaryLead + openSealed(item.encrypted_content) });
        break;
      case 'item_reference':
        throw new Error('references are resolved before');
    }
  }
  endTurn();
  return messages;
}

function strayResult({ type, call_id: id }: { type: string; call_id: string }): ApiError {
  const what = type === 'function_call_output' ? 'function' : 'custom tool';
  return new ApiError(
    400,
    `'input': No tool call found for ${what} call output with call_id '${id.slice(0, 100)}'. Send the call before its output.`,
    { param: 'input' },
  );
}

const summaryLead = 'What was said before, in short:\n\n';

function toMessage({ reasoning, content, calls }: Turn): ChatMessage {
  return {
    role: 'assistant',
    content,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function thoughtsOf(item: InputItem & { type: 'reasoning' }): string {
  const parts = item.content?.length ? item.content : (item.summary ?? []);
  if (parts.length > 0) return parts.map(({ text }) => text).join('\n');
  return item.encrypted_content ? openSealed(item.encrypted_content) : '';
}

/** Templates write arguments as JSON themselves; what is no JSON is shown to the model as it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text);
  } catch {
    return text;
  }
}
