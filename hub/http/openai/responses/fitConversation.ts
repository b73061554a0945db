/** Leaves out the beginning of a conversation that is too long for the model. */
import { GenerationError } from '../../../generation/generationError.ts';
import type { ChatMessage, RenderOptions } from '../../../models/chatFormat.ts';
import type { Inference } from '../../inference/inference.ts';

/** Kept free for the answer where a conversation is cut, as a part of the context. */
const answerPart = 8;

/**
 * The longest end of the conversation that fits, behind its system messages. The last message stays whatever its length:
 * where it does not fit either, the generation says so.
 */
export async function fitConversation(
  inference: Pick<Inference, 'model' | 'promptOf'>,
  messages: ChatMessage[],
  render: RenderOptions,
): Promise<ChatMessage[]> {
  const { contextLength } = inference.model.package;
  const fits = async (some: ChatMessage[], most: number): Promise<boolean> => {
    try {
      return (await inference.promptOf(some, render)).length < most;
    } catch (error) {
      if (error instanceof GenerationError && error.code === 'context_length_exceeded') return false;
      throw error;
    }
  };
  if (await fits(messages, contextLength)) return messages;
  const places = startsOf(messages);
  const most = contextLength - Math.floor(contextLength / answerPart);
  // The fewest that are left out, of those that may be.
  let [least, last] = [1, places.length - 1];
  while (least < last) {
    const middle = (least + last) >> 1;
    if (await fits(from(messages, places[middle] ?? 0), most)) last = middle;
    else least = middle + 1;
  }
  return from(messages, places[last] ?? 0);
}

/** Where a conversation may begin: results of tools stay with their calls. */
function startsOf(messages: readonly ChatMessage[]): number[] {
  return messages.flatMap(({ role }, index) => (role === 'user' || role === 'assistant' ? [index] : []));
}

function from(messages: ChatMessage[], start: number): ChatMessage[] {
  return messages.filter(({ role }, index) => index >= start || role === 'system');
}
