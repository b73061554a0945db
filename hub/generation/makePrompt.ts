/** A conversation as the token ids of a prompt, or the reason why it is none. */
import type { EncodeOptions, TextOptions } from '../models/encoding/chatEncoder.ts';
import type { Model } from '../models/model.ts';
import { ModelError } from '../models/modelError.ts';
import type { ChatMessage, Tokenizer } from '../models/tokenizer.ts';
import { contextLengthExceeded } from './answerRoom.ts';
import { orReason } from './orReason.ts';

/**
 * Renders a conversation with the model's template, up to where the answer starts.
 * @throws GenerationError `context_length_exceeded` where it can't fit however it is tokenized, `template_refused`,
 *   `messages_unreadable` where it takes too much time or memory, `cancelled`
 */
export async function makePrompt(
  { tokenizer, package: { contextLength } }: Model,
  messages: ChatMessage[],
  options: EncodeOptions & { signal: AbortSignal },
): Promise<number[]> {
  const leastTokens = Math.max(
    messages.length,
    Math.ceil(messages.reduce((sum, { content }) => sum + content.length, 0) / tokenizer.longestTokenLength),
  );
  if (leastTokens > contextLength) {
    throw contextLengthExceeded(contextLength, `at least ${leastTokens} tokens in the messages`);
  }
  return orReason(options.signal, encodeConversation(tokenizer, messages, options), 'template_refused');
}

/**
 * Token ids of a text that is a prompt as it is.
 * @throws GenerationError as `makePrompt` does
 */
export async function makeTextPrompt(
  { tokenizer, package: { contextLength } }: Model,
  text: string,
  { addsSpecial, ...options }: TextOptions & { addsSpecial: boolean; signal: AbortSignal },
): Promise<number[]> {
  const leastTokens = Math.ceil(text.length / tokenizer.longestTokenLength);
  if (leastTokens > contextLength) {
    throw contextLengthExceeded(contextLength, `at least ${leastTokens} tokens in the prompt`);
  }
  return orReason(options.signal, tokenizer.encodeText(text, addsSpecial, options), 'template_refused');
}

/**
 * Where the template refuses and there are system messages elsewhere than at the start, they are joined into one at the
 * start and it is asked again.
 */
async function encodeConversation(
  tokenizer: Pick<Tokenizer, 'encodeChat'>,
  messages: ChatMessage[],
  options: EncodeOptions,
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
