/** From a chat body to the conversation that the model's template renders. */
import type { ChatMessage, RenderOptions, ToolCall } from '../../models/chatFormat.ts';
import { thinkingVariables } from '../inference/reasoningFields.ts';
import type { ChatBody } from './chatBody.ts';

type BodyMessage = ChatBody['messages'][number];
type BodyCall = NonNullable<BodyMessage['tool_calls']>[number];

export function messagesOf({ messages }: ChatBody): ChatMessage[] {
  const names = new Map(
    messages.flatMap(({ tool_calls: calls }) =>
      (calls ?? []).map((call) => [call.id, called(call).name] as const),
    ),
  );
  return messages.map((message) => toMessage(message, names.get(message.tool_call_id ?? '')));
}

/** Variables of the template, and where the prompt ends: a last message of the assistant goes on, unless that is not wanted. */
export function renderOptionsOf(body: ChatBody): RenderOptions {
  const { continue_final_message: goesOn, add_generation_prompt: begins, messages } = body;
  const last = messages.at(-1);
  const isBegun =
    last?.role === 'assistant' &&
    !last.tool_calls?.length &&
    !last.function_call &&
    textOf(last).trim() !== '' &&
    begins !== true;
  const end = (goesOn ?? isBegun) ? 'inside' : begins === false ? 'after' : 'answer';
  return {
    end,
    variables: thinkingVariables({
      effort: body.reasoning_effort,
      enable_thinking: body.enable_thinking,
      chat_template_kwargs: body.chat_template_kwargs,
    }),
  };
}

/** @param called name of the tool whose result it is */
function toMessage(message: BodyMessage, called: string | undefined): ChatMessage {
  const { role, tool_call_id: callId, function_call: functionCall } = message;
  const calls = message.tool_calls ?? (functionCall ? [{ function: functionCall }] : undefined);
  const name = message.name ?? called;
  const reasoning = message.reasoning_content ?? message.reasoning;
  return {
    role: role === 'developer' ? 'system' : role === 'function' ? 'tool' : role,
    content: textOf(message).toWellFormed(),
    ...(typeof name === 'string' ? { name: name.toWellFormed() } : {}),
    ...(typeof reasoning === 'string' ? { reasoning_content: reasoning.toWellFormed() } : {}),
    ...(typeof callId === 'string' ? { tool_call_id: callId } : {}),
    ...(calls && calls.length > 0 ? { tool_calls: calls.map(toCall) } : {}),
  };
}

/** A custom tool is a function with one text. */
function called({ function: named, custom }: Partial<Pick<BodyCall, 'function' | 'custom'>>) {
  if (named) return named;
  return { name: custom?.name ?? '', arguments: JSON.stringify({ input: custom?.input ?? '' }) };
}

/** Templates write arguments as JSON themselves, so they get the value. */
function toCall(call: Partial<Pick<BodyCall, 'id' | 'function' | 'custom'>>): ToolCall {
  const { name, arguments: text } = called(call);
  let value: unknown = text ?? {};
  try {
    value = JSON.parse(text ?? '{}');
  } catch {
    // What is no JSON is shown to the model as it is.
  }
  return { type: 'function', id: call.id ?? '', function: { name, arguments: value } };
}

function textOf({ content, refusal }: BodyMessage): string {
  if (typeof content === 'string') return content;
  if (!content) return refusal ?? '';
  return content.map((part) => (part.type === 'refusal' ? part.refusal : part.text)).join('');
}
