/** Conversations as a file: how it is written, and what of it can be read. */
import type { Conversation, Message } from '@potluck/api';
import type { LikelyToken } from '@potluck/api/likely-tokens';
import { beginningOf } from '#lib/format/beginningOf.ts';
import { fail } from '#lib/hub/fail.ts';
import { fieldsOf } from './fields.ts';
import { readOtherExport } from './otherExports.ts';

const format = 'potluck-conversations';
const version = 1;
/** A larger file is not read, in bytes. */
export const largestFile = 50_000_000;
const mostConversations = 10_000;
const mostMessages = 5000;
/** As the hub takes them, in characters. */
const longest = { title: 200, systemPrompt: 100_000, content: 1_000_000, error: 10_000, token: 1000 };
const endings = ['stopped', 'failed', 'interrupted'] as const;
/** Of a longer answer, it is not kept how sure the model was. */
export const mostTokens = 2000;
const mostOthers = 4;

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
/** How an answer ended, and how sure the model was: what is left out is as usual. */
interface Ending {
  status?: Exclude<Message['status'], 'streaming'>;
  error?: string;
  tokens?: NonNullable<Message['tokens']>;
}
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

/** What a copy of a message says of its end. A copy of an answer that is being written ends where that is now. */
export function endingOf({ status, error, tokens }: Pick<Message, 'status' | 'error' | 'tokens'>): Ending {
  return {
    ...(status === 'done' || status === undefined
      ? {}
      : { status: status === 'streaming' ? 'stopped' : status }),
    ...(error ? { error } : {}),
    ...(tokens ? { tokens } : {}),
  };
}

/** The same from a file: what is not as the hub takes it is left out. */
function readEnding({ status, error, tokens }: Record<string, unknown>): Ending {
  const known = endings.find((one) => one === status);
  const words = textOf(error, longest.error);
  const sure = Array.isArray(tokens) && tokens.length <= mostTokens ? tokens.map(readToken) : [];
  return {
    ...(known ? { status: known } : {}),
    ...(words ? { error: words } : {}),
    ...(sure.length > 0 && sure.every((one) => one !== undefined) ? { tokens: sure } : {}),
  };
}

function readToken(value: unknown): LikelyToken | undefined {
  const { others } = fieldsOf(value);
  const own = readChoice(value);
  const beside = Array.isArray(others) ? others.slice(0, mostOthers).map(readChoice) : [];
  return own && { ...own, others: beside.filter((one) => one !== undefined) };
}

function readChoice(value: unknown): Omit<LikelyToken, 'others'> | undefined {
  const { text, probability } = fieldsOf(value);
  if (typeof text !== 'string' || text.length > longest.token) return undefined;
  if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) return undefined;
  return { text, probability };
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

function textOf(value: unknown, most: number): string | null {
  return typeof value === 'string' ? beginningOf(value, most) : null;
}
