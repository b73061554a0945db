/**
 * Conversations of other programs, as Potluck's own files have them: ChatGPT and Claude (`conversations.json` of an
 * export), Open WebUI, LM Studio, and plain lists of messages as the OpenAI API takes them.
 */
import { titleOf } from './conversation.ts';
import { fieldsOf, isFields, type Fields } from './fields.ts';

/** A conversation as a file may have it. It is checked where it is read. */
type Filed = Fields;

/** A message of a tree, before it is known whether it is shown. */
interface Node {
  id: string;
  parentId: string | null;
  /** Of the OpenAI API: messages of tools and empty ones are left out. */
  role: string;
  content: string;
  model: string | null;
  /** Unix milliseconds. */
  createdAt?: number | undefined;
}

/** @returns undefined where no known program wrote it */
export function readOtherExport(file: unknown): Filed[] | undefined {
  const list = Array.isArray(file) ? file : [file];
  if (list.length === 0) return undefined;
  if (list.every(isMessage)) return [ofNodes('', chainOf(list))];
  const read = list.map((one) => (isFields(one) ? readOne(one) : undefined));
  return read.every((one) => one !== undefined) ? read : undefined;
}

function readOne(one: Fields): Filed | undefined {
  if (isFields(one['mapping'])) return ofChatGpt(one, one['mapping']);
  if (isFields(one['chat'])) return ofOpenWebUi(one['chat'], textOf(one['title']));
  if (Array.isArray(one['chat_messages'])) return ofClaude(one, one['chat_messages']);
  const { messages } = one;
  if (!Array.isArray(messages)) return undefined;
  const title = textOf(one['title']) || textOf(one['name']);
  if (messages.some((message) => isFields(message) && Array.isArray(message['versions']))) {
    return ofNodes(title, chainOf(messages.map(shownVersion)));
  }
  return messages.every(isMessage) ? ofNodes(title, chainOf(messages)) : undefined;
}

function ofChatGpt(one: Fields, mapping: Fields): Filed {
  const nodes = Object.entries(mapping).map(([id, value]): Node => {
    const node = fieldsOf(value);
    const message = fieldsOf(node['message']);
    const metadata = fieldsOf(message['metadata']);
    const isHidden = metadata['is_visually_hidden_from_conversation'] === true;
    return {
      id,
      parentId: idOf(node['parent']),
      role: isHidden ? '' : textOf(fieldsOf(message['author'])['role']),
      content: wordsOf(fieldsOf(message['content'])['parts']),
      model: idOf(metadata['model_slug']),
      createdAt: ofSeconds(message['create_time']),
    };
  });
  return ofNodes(textOf(one['title']), nodes, idOf(one['current_node']));
}

function ofOpenWebUi(chat: Fields, title: string): Filed {
  const history = fieldsOf(chat['history']);
  const nodes = Object.entries(fieldsOf(history['messages'])).map(([id, value]): Node => {
    const message = fieldsOf(value);
    return {
      id,
      parentId: idOf(message['parentId']),
      role: textOf(message['role']),
      content: wordsOf(message['content']),
      model: idOf(message['model']),
      createdAt: ofSeconds(message['timestamp']),
    };
  });
  return ofNodes(title || textOf(chat['title']), nodes, idOf(history['currentId']));
}

function ofClaude(one: Fields, list: unknown[]): Filed {
  const chain = list.map((value): Fields => {
    const message = fieldsOf(value);
    const role = message['sender'] === 'human' ? 'user' : 'assistant';
    const at = Date.parse(textOf(message['created_at']));
    return { role, content: textOf(message['text']) || message['content'], createdAt: at };
  });
  return ofNodes(textOf(one['name']), chainOf(chain));
}

/** Of LM Studio, which keeps each try of a message: the one that was shown. */
function shownVersion(value: unknown): Fields {
  const message = fieldsOf(value);
  const versions = Array.isArray(message['versions']) ? message['versions'] : [];
  const version: unknown = versions[Number(message['currentlySelected'] ?? 0)] ?? versions.at(-1);
  if (!isFields(version)) return {};
  const steps = Array.isArray(version['steps']) ? version['steps'].filter(isFields) : [version];
  return {
    role: version['role'],
    content: steps.flatMap(({ content }): unknown => content ?? []),
    model: fieldsOf(version['senderInfo'])['senderName'],
  };
}

/** Messages that follow each other. */
function chainOf(list: readonly unknown[]): Node[] {
  return list.map((value, index) => {
    const message = fieldsOf(value);
    return {
      id: String(index),
      parentId: index === 0 ? null : String(index - 1),
      role: textOf(message['role']),
      content: wordsOf(message['content']),
      model: idOf(message['model']),
      createdAt: Number.isFinite(message['createdAt']) ? Number(message['createdAt']) : undefined,
    };
  });
}

/** A conversation of a tree: parents first; what nobody said is left out, and what follows it follows its parent. */
function ofNodes(title: string, nodes: readonly Node[], current: string | null = null): Filed {
  const ids = new Set(nodes.map(({ id }) => id));
  const children = Map.groupBy(nodes, ({ parentId }) =>
    parentId !== null && ids.has(parentId) ? parentId : null,
  );
  const messages: Node[] = [];
  let systemPrompt = '';
  /** For each node, the message that what follows it belongs to. */
  const places = new Map<string, string | null>();
  const open = (children.get(null) ?? []).map((node) => ({ node, parentId: null as string | null }));
  // Walked along a list that grows: a long conversation is deeper than functions may call each other.
  for (const { node, parentId } of open) {
    const { id, role, content } = node;
    if (role === 'system' && systemPrompt === '') systemPrompt = content;
    const isSaid = (role === 'user' || role === 'assistant') && content.trim() !== '';
    if (isSaid) messages.push({ ...node, parentId });
    const place = isSaid ? id : parentId;
    places.set(id, place);
    for (const child of children.get(id) ?? []) open.push({ node: child, parentId: place });
  }
  return {
    title: title || titleOf(messages.find(({ role }) => role === 'user')?.content ?? ''),
    systemPrompt,
    messages,
    currentMessageId: current === null ? undefined : places.get(current),
  };
}

/** A text, or the texts among its parts. */
function wordsOf(content: unknown): string {
  if (!Array.isArray(content)) return textOf(content);
  return content
    .map((part) => (isFields(part) ? textOf(part['text']) : textOf(part)))
    .filter((text) => text !== '')
    .join('\n');
}

function isMessage(value: unknown): boolean {
  return isFields(value) && typeof value['role'] === 'string' && 'content' in value;
}

const ofSeconds = (value: unknown): number | undefined =>
  typeof value === 'number' ? Math.round(value * 1000) : undefined;
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const idOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
