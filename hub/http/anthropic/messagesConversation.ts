/** From a body of Anthropic's API to the conversation that the model's template renders. */
import type { ChatMessage, RenderOptions } from '../../models/chatFormat.ts';
import { definedOnly } from '../inference/generationFields.ts';
import type { CountBody, ReadMessage } from './messagesBody.ts';

/** A block that says who pays, other with each request: no words for the model, and no prompt would begin like the last one. */
const billing = /^x-anthropic-billing-header:/;

/** Several blocks of one speaker are paragraphs of one message. */
const between = '\n\n';

export function messagesOf({ system, messages }: Pick<CountBody, 'system' | 'messages'>): ChatMessage[] {
  const texts = typeof system === 'string' ? [system] : (system ?? []).map(({ text }) => text);
  const instructions = texts.filter((text) => text !== '' && !billing.test(text)).join(between);
  const names = new Map(
    messages.flatMap(({ blocks }) =>
      blocks.flatMap((block) => (block.type === 'tool-use' ? [[block.id, block.name] as const] : [])),
    ),
  );
  const said = messages.flatMap((message) =>
    message.role === 'assistant' ? [assistantMessage(message)] : othersMessages(message, names),
  );
  return joined([...(instructions === '' ? [] : [plainMessage('system', [instructions])]), ...said]);
}

/** Variables of the template, and where the prompt ends: a last message of the assistant goes on. */
export function renderOptionsOf({
  messages,
  thinking,
  output_config: output,
  chat_template_kwargs: variables,
}: CountBody): Omit<RenderOptions, 'tools'> {
  const last = messages.at(-1);
  const isBegun =
    last?.role === 'assistant' &&
    last.blocks.some((block) => block.type === 'text' && block.text.trim() !== '') &&
    !last.blocks.some(({ type }) => type === 'tool-use');
  const thinks = { enabled: true, disabled: false, adaptive: undefined, between_tools: undefined };
  return {
    end: isBegun ? 'inside' : 'answer',
    variables: definedOnly({
      enable_thinking: thinking && thinks[thinking.type],
      reasoning_effort: output?.effort ?? undefined,
      ...variables,
    }),
  };
}

function plainMessage(role: 'system' | 'user', texts: string[]): ChatMessage {
  return { role, content: texts.join(between).toWellFormed() };
}

function assistantMessage({ blocks }: ReadMessage): ChatMessage {
  const textOf = (type: 'text' | 'thinking'): string =>
    blocks
      .map((block) => (block.type === type ? block.text : ''))
      .join('')
      .toWellFormed();
  const reasoning = textOf('thinking');
  const calls = blocks.flatMap((block) =>
    block.type === 'tool-use'
      ? [
          {
            type: 'function' as const,
            id: block.id,
            function: { name: block.name, arguments: block.input },
          },
        ]
      : [],
  );
  return {
    role: 'assistant',
    content: textOf('text'),
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** Results of tools are messages of their own, in the order in which they stand among the texts. */
function othersMessages({ role, blocks }: ReadMessage, names: ReadonlyMap<string, string>): ChatMessage[] {
  const speaker = role === 'system' ? role : 'user';
  return blocks.flatMap((block): ChatMessage[] => {
    if (block.type === 'text') return [plainMessage(speaker, [block.text])];
    if (block.type !== 'tool-result') return [];
    const name = names.get(block.id);
    const text = block.isError && !/error/i.test(block.text) ? `Error: ${block.text}` : block.text;
    return [
      {
        role: 'tool',
        content: text.toWellFormed(),
        tool_call_id: block.id,
        ...(name === undefined ? {} : { name: name.toWellFormed() }),
      },
    ];
  });
}

/** Anthropic's API joins what one speaker says in several messages, and many templates ask for turns. */
function joined(messages: ChatMessage[]): ChatMessage[] {
  const result: ChatMessage[] = [];
  for (const message of messages) {
    const last = result.at(-1);
    if (last?.role !== message.role || message.role === 'tool') {
      result.push(message);
      continue;
    }
    const calls = [...(last.tool_calls ?? []), ...(message.tool_calls ?? [])];
    const isParted = message.role !== 'assistant' && last.content !== '' && message.content !== '';
    result[result.length - 1] = {
      ...last,
      ...message,
      content: last.content + (isParted ? between : '') + message.content,
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
  }
  return result;
}
