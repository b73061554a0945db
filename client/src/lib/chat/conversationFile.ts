/** Conversations as a file: how it is written, and what of it can be read. */
import type { Conversation, Message } from '@potluck/api';
import { fail } from '#lib/hub/fail.ts';
import { fieldsOf, textOf } from './fields.ts';
import { endingOf, readEnding, type Ending } from './messageEnding.ts';
import { readOtherExport } from './otherExports.ts';

const format = 'potluck-conversations';
const version = 1;
/** A larger file is not read, in bytes. */
export const largestFile = 50_000_000;
const mostConversations = 10_000;
const mostMessages = 5000;
/** As the hub takes them, in characters. */
const longest = { title: 200, systemPrompt: 100_000, content: 1_000_000 };

/** What a file has of a conversation. */
export type FiledConversation = Pick<
  Conversation,
  'title' | 'model' | 'systemPrompt' | 'sampling' | 'currentMessageId'
> & { messages: FiledMessage[] };
type FiledMessage = Pick<Message, 'id' | 'parentId' | 'role' | 'content' | 'model'> &
  Ending & {
    /** Unix milliseconds, where the file says it. */
    createdAt?: number | undefined;
  };
/** A message, and whether only its beginning is there. */
type WrittenMessage = FiledMessage & { isUnfinished?: true };

/** The text of a file. */
export function fileOf(conversations: readonly Conversation[]): string {
  return JSON.stringify({ format, version, conversations: conversations.map(filed) }, null, 2);
}

function filed({
  title,
  model,
  systemPrompt,
  sampling,
  currentMessageId,
  messages,
}: Conversation): FiledConversation & { messages: WrittenMessage[] } {
  return {
    ...{ title, model, systemPrompt, sampling, currentMessageId },
    messages: messages.map((message) => {
      const { id, parentId, role, content, model: by, createdAt, status } = message;
      return {
        ...{ id, parentId, role, content, model: by, createdAt },
        ...endingOf(message),
        ...(status === 'streaming' ? { isUnfinished: true } : {}),
      };
    }),
  };
}

/** How many answers are being written still: a file has the beginnings of these. */
export function unfinishedIn(conversations: readonly Conversation[]): number {
  return conversations.flatMap(({ messages }) => messages).filter(({ status }) => status === 'streaming')
    .length;
}

/** What a conversation and its copies have in common. */
type Said = Pick<Conversation, 'title' | 'systemPrompt'> & {
  messages: readonly Pick<Message, 'id' | 'parentId' | 'role' | 'content'>[];
};

/** What was said in a conversation, as a text that is the same for its copies, whatever their ids and names are. */
export function wordsOf({ title, systemPrompt, messages }: Said): string {
  const places = new Map(messages.map(({ id }, index) => [id, index]));
  const said = messages.map(({ parentId, role, content }) => [
    parentId === null ? null : places.get(parentId),
    role,
    content,
  ]);
  return JSON.stringify([systemPrompt, said.length === 0 ? title : said]);
}

/**
 * Reads a file that `exportConversations` made, or another program.
 * @throws Error saying what is wrong with it
 */
export function readConversations(text: string): FiledConversation[] {
  const file = parsed(text);
  const own = fieldsOf(file);
  if (own['format'] === format && Number(own['version']) > version) {
    fail('This file is of a newer Potluck than this hub’s. Update Potluck on the hub, then import it again.');
  }
  const list = own['format'] === format ? own['conversations'] : readOtherExport(file);
  if (!Array.isArray(list)) {
    fail(
      'This file has no conversations. Choose a file that “Export all” made, or a JSON export of ChatGPT, Claude, Open WebUI or LM Studio.',
    );
  }
  if (list.length === 0) fail('This file is an export without any conversation. Nothing was imported.');
  if (list.length > mostConversations) {
    fail(`This file has ${list.length} conversations. ${mostConversations} at most can be imported at once.`);
  }
  return list.map(readConversation);
}

function readConversation(value: unknown, index: number): FiledConversation {
  const damaged: (what: string) => never = (what) =>
    fail(`Conversation ${index + 1} in this file is damaged: ${what}.`);
  const one = fieldsOf(value);
  const list = one['messages'];
  if (!Array.isArray(list)) damaged('it has no messages');
  if (list.length > mostMessages) damaged(`it has more than ${mostMessages} messages`);
  const seen = new Set<string>();
  const messages = list.map((entry): FiledMessage => {
    const message = fieldsOf(entry);
    const { id, parentId, role, content } = message;
    if (typeof id !== 'string' || typeof content !== 'string' || content.length > longest.content) {
      damaged('a message has no text, or too much');
    }
    if (role !== 'user' && role !== 'assistant') damaged('a message has no author');
    if (parentId !== null && (typeof parentId !== 'string' || !seen.has(parentId))) {
      damaged('a message comes before the one that it answers');
    }
    seen.add(id);
    const createdAt = timeOf(message['createdAt']);
    return {
      ...{ id, parentId, role, content, model: textOf(message['model'], 200), createdAt },
      ...readEnding(message),
    };
  });
  const current = one['currentMessageId'];
  return {
    title: textOf(one['title'], longest.title)?.trim() || 'Imported conversation',
    model: textOf(one['model'], 200),
    systemPrompt: textOf(one['systemPrompt'], longest.systemPrompt) ?? '',
    sampling: fieldsOf(one['sampling']),
    currentMessageId:
      typeof current === 'string' && seen.has(current) ? current : (messages.at(-1)?.id ?? null),
    messages,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A time in the future is none. */
function timeOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= Date.now()
    ? Number(value)
    : undefined;
}
