/** A kept request once more: in a conversation of its own, or from a program. */
import type { RequestDetail } from '@potluck/api';
import { uuidv7 } from 'uuidv7';
import { titleOf } from '#lib/chat/conversation.ts';
import type { FiledConversation } from '#lib/chat/conversationFile.ts';
import { requestCode } from '#lib/code/requestCode.ts';

type Asked = Pick<RequestDetail, 'model' | 'seed' | 'prompt' | 'answer'>;

const systemRoles = ['system', 'developer'];

/** @returns undefined where its words are not here, or a conversation can't hold them, such as results of tools */
export function conversationOf({ model, seed, prompt, answer }: Asked): FiledConversation | undefined {
  const words = prompt ?? [];
  const turns = words.filter(({ role }) => !systemRoles.includes(role));
  const last = turns.at(-1);
  if (last?.role !== 'user') return undefined;
  const messages: FiledConversation['messages'] = [];
  for (const { role, content } of turns) {
    if (role !== 'user' && role !== 'assistant') return undefined;
    const parentId = messages.at(-1)?.id ?? null;
    messages.push({ id: uuidv7(), parentId, role, content, model: role === 'assistant' ? model : null });
  }
  const asked = messages.at(-1)?.id ?? null;
  // What was answered then is the first version; the page asks for the second.
  if (answer) messages.push({ id: uuidv7(), parentId: asked, role: 'assistant', content: answer, model });
  return {
    title: last.content.trim() === '' ? model : titleOf(last.content),
    model,
    systemPrompt: words
      .filter(({ role }) => systemRoles.includes(role))
      .map(({ content }) => content)
      .join('\n\n'),
    sampling: { seed },
    currentMessageId: asked,
    messages,
  };
}

/** The request as a command; undefined where its words are not here. @param baseUrl of the API, with `/v1` */
export function curlOf({ model, seed, prompt }: Asked, baseUrl: string): string | undefined {
  if (prompt === null || prompt.length === 0) return undefined;
  return requestCode(baseUrl, 'KEY', { model, messages: prompt, seed })[0]?.text;
}
