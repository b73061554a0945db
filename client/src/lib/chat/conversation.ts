/** A conversation as this app keeps it: who said what, and how answers are to be drawn. */

/** How answers are drawn. What is undefined is left to the hub and the model. */
export interface ChatSettings {
  /** What the model is told before the conversation. */
  systemPrompt?: string | undefined;
  /** 0 to 2. */
  temperature?: number | undefined;
  /** 0 to 1. */
  topP?: number | undefined;
  topK?: number | undefined;
  /** 0 to 1. */
  minP?: number | undefined;
  repetitionPenalty?: number | undefined;
  maxTokens?: number | undefined;
  seed?: number | undefined;
}

/** What is known of an answer beside its text. */
export interface AnswerFacts {
  /** The hub's id of the request, under which `GET /api/requests/:id` tells its way through the grid. */
  requestId?: string;
  model: string;
  /** `worker[first-last],…`, as the hub says it. */
  route?: string;
  promptTokens?: number;
  completionTokens?: number;
  /** From sending to the first text, in milliseconds, as this browser saw it. */
  firstTokenMs?: number;
  /** From the first text to the last, in milliseconds. */
  writingMs?: number;
  /** `stop`, `length`, or `stopped` where the person stopped it. */
  finishReason?: string;
  /** Why the answer is missing or ends early. */
  error?: string;
}

export interface PromptMessage {
  id: string;
  role: 'user';
  text: string;
}

export interface AnswerMessage {
  id: string;
  role: 'assistant';
  text: string;
  facts: AnswerFacts;
}

export type ChatMessage = PromptMessage | AnswerMessage;

export interface Conversation {
  id: string;
  title: string;
  /** Unix milliseconds. */
  createdAt: number;
  updatedAt: number;
  /** The model chosen for it; undefined takes what the hub serves. */
  model?: string | undefined;
  settings: ChatSettings;
  messages: ChatMessage[];
}

/** What a list of conversations shows. */
export type ConversationSummary = Pick<Conversation, 'id' | 'title' | 'updatedAt'>;

export const untitled = 'New conversation';
const longestTitle = 60;

/** An id that also plain-HTTP pages can make, which lack `crypto.randomUUID`. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function newConversation(): Conversation {
  const now = Date.now();
  return { id: newId(), title: untitled, createdAt: now, updatedAt: now, settings: {}, messages: [] };
}

/** The first words of a prompt, for a list. */
export function titleOf(prompt: string): string {
  const line = prompt.trim().split('\n', 1)[0]?.replaceAll(/\s+/g, ' ') ?? '';
  if (line === '') return untitled;
  if (line.length <= longestTitle) return line;
  const cut = line.slice(0, longestTitle);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), longestTitle / 2))}…`;
}

/** What is sent to the model: the system prompt and all that was said before `end` (exclusive), without failed answers. */
export function toRequestMessages(
  { settings, messages }: Conversation,
  end: number,
): { role: 'system' | 'user' | 'assistant'; content: string }[] {
  const system = settings.systemPrompt?.trim();
  return [
    ...(system ? [{ role: 'system' as const, content: system }] : []),
    ...messages
      .slice(0, end)
      .filter(({ text }) => text !== '')
      .map(({ role, text }) => ({ role, content: text })),
  ];
}
