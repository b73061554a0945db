/** Small things about conversations. */
import type { Conversation } from '@potluck/api';
import { partThoughts } from '@potluck/api/thoughts';
import { beginningOf } from '#lib/format/beginningOf.ts';
import type { ThreadMessage } from './thread.ts';
import { uuidv7 } from 'uuidv7';

export const untitled = 'New conversation';
const longestTitle = 60;
/** How many characters the hub keeps of a name that a person gives a conversation. */
export const longestName = 200;

export interface RequestMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** A conversation that the hub does not know yet. */
export function newConversation(): Conversation {
  const now = Date.now();
  return {
    id: uuidv7(),
    title: untitled,
    model: null,
    systemPrompt: '',
    sampling: {},
    currentMessageId: null,
    createdAt: now,
    updatedAt: now,
    messages: [],
  };
}

/** The first words of a prompt, for a list. */
export function titleOf(prompt: string): string {
  const line = prompt.trim().split('\n', 1)[0]?.replaceAll(/\s+/g, ' ') ?? '';
  if (line === '') return untitled;
  if (line.length <= longestTitle) return line;
  const cut = beginningOf(line, longestTitle);
  const space = cut.lastIndexOf(' ');
  return `${space > longestTitle / 2 ? cut.slice(0, space) : cut}…`;
}

/** The name of a copy, so that it is told from what it was made of. */
export function copyTitleOf(title: string): string {
  const words = `Copy of ${title}`;
  return beginningOf(words, longestName);
}

/**
 * What is sent to the model: the system prompt and what was said, without answers that failed before they began.
 * Messages in a row by the person become one, as many chat templates refuse them.
 */
export function toRequestMessages(systemPrompt: string, thread: readonly ThreadMessage[]): RequestMessage[] {
  const messages: RequestMessage[] = [];
  if (systemPrompt.trim() !== '') messages.push({ role: 'system', content: systemPrompt });
  for (const { message } of thread) {
    const { role } = message;
    // Models are trained without their former thoughts.
    const content = role === 'assistant' ? partThoughts(message.content).text : message.content;
    const last = messages.at(-1);
    if (content === '') continue;
    if (role === 'user' && last?.role === 'user') last.content += `\n\n${content}`;
    else messages.push({ role, content });
  }
  return messages;
}
