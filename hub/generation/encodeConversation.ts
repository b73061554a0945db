/** A conversation as token ids, also where the template takes a system message only at the start. */
import { ModelError } from '../models/modelError.ts';
import type { EncodeOptions } from '../models/encoding/chatEncoder.ts';
import type { ChatMessage, Tokenizer } from '../models/tokenizer.ts';

/**
 * Renders a conversation with the model's template. Where it refuses and there are system messages elsewhere than at
 * the start, they are joined into one at the start and it is asked again.
 * @throws ModelError if the template refuses
 */
export async function encodeConversation(
  tokenizer: Pick<Tokenizer, 'encodeChat'>,
  messages: ChatMessage[],
  options: EncodeOptions = {},
): Promise<number[]> {
  try {
    return await tokenizer.encodeChat(messages, options);
  } catch (error) {
    const later = messages.some((message, index) => index > 0 && message.role === 'system');
    if (!(error instanceof ModelError) || !later) throw error;
    const system = messages.filter(({ role }) => role === 'system');
    const joined: ChatMessage = {
      role: 'system',
      content: system.map(({ content }) => content).join('\n\n'),
    };
    return tokenizer.encodeChat([joined, ...messages.filter(({ role }) => role !== 'system')], options);
  }
}
