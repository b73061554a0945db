/** The body of Ollama's `POST /api/chat`. */
import { z } from 'zod';
import type { ChatMessage } from '../../models/chatFormat.ts';
import { bodyReader, parameterName, readPart, unsupportedParameter } from '../inference/readBody.ts';
import { lengthOfList, refuseLongConversation } from '../inference/refuseLongConversation.ts';
import { toolFields } from '../inference/tools.ts';
import { ollamaFields } from './ollamaFields.ts';

const Message = z.looseObject({
  role: z.enum(['system', 'user', 'assistant', 'tool'], {
    error: 'must be system, user, assistant or tool',
  }),
  content: z.string({ error: 'must be a string' }).default(''),
  thinking: z.string().nullish(),
  images: z.array(z.unknown()).nullish(),
  tool_calls: z
    .array(
      z.looseObject({
        id: z.string().nullish(),
        function: z.looseObject({ name: z.string(), arguments: z.unknown() }),
      }),
    )
    .nullish(),
  tool_name: z.string().nullish(),
  name: z.string().nullish(),
  tool_call_id: z.string().nullish(),
});
type Message = z.infer<typeof Message>;

/** What this surface honours. */
export const OllamaChatBody = z.object({
  ...ollamaFields,
  messages: z.array(z.unknown(), { error: 'must be a list of messages' }).default([]),
  tools: toolFields.tools,
});
export type OllamaChatBody = Omit<z.infer<typeof OllamaChatBody>, 'messages'> & { messages: Message[] };

const read = bodyReader(OllamaChatBody, ({ messages }) => {
  refuseLongConversation(messages, (message) =>
    lengthOfList((message as { tool_calls?: unknown }).tool_calls),
  );
});

/** @throws ApiError 400 with `param` naming what is wrong */
export function readOllamaChat(value: unknown): OllamaChatBody {
  const body = read(value);
  const messages = body.messages.map((one, index) => {
    const message = readPart(Message, one, ['messages', index]);
    if (lengthOfList(message.images) > 0) {
      throw unsupportedParameter(parameterName(['messages', index, 'images']), 'This model reads text only.');
    }
    return message;
  });
  return { ...body, messages };
}

/** As the model's template takes them. */
export function messagesOf({ messages }: OllamaChatBody): ChatMessage[] {
  return messages.map((message) => {
    const { role, content, thinking, tool_calls: calls, tool_call_id: callId } = message;
    const name = message.tool_name ?? message.name;
    return {
      role,
      content: content.toWellFormed(),
      ...(typeof name === 'string' ? { name: name.toWellFormed() } : {}),
      ...(typeof thinking === 'string' ? { reasoning_content: thinking.toWellFormed() } : {}),
      ...(typeof callId === 'string' ? { tool_call_id: callId } : {}),
      ...(calls && calls.length > 0
        ? {
            tool_calls: calls.map(({ id, function: { name: called, arguments: given } }) => ({
              type: 'function' as const,
              id: id ?? '',
              function: { name: called, arguments: given ?? {} },
            })),
          }
        : {}),
    };
  });
}
