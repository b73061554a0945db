/** The open conversation, and the list of the others. */
import { HubError, messageOf } from '#lib/hub/errors.ts';
import {
  newConversation,
  newId,
  titleOf,
  toRequestMessages,
  untitled,
  type AnswerMessage,
  type Conversation,
  type ConversationSummary,
} from './conversation.ts';
import type { ConversationStore } from './conversationStore.ts';
import { streamCompletion } from './streamCompletion.ts';

export class Chat {
  conversation = $state<Conversation>(newConversation());
  list = $state.raw<ConversationSummary[]>([]);
  /** False until the list was read for the first time. */
  listed = $state(false);
  /** Id of the answer that is being written. */
  writing = $state<string>();
  /** What went wrong with keeping conversations. */
  problem = $state<string>();
  /** Bytes and words in it decide which conversations are listed. */
  query = $state('');
  readonly #store: ConversationStore;
  #stop: AbortController | undefined;

  constructor(store: ConversationStore) {
    this.#store = store;
  }

  /** Reads the list again. */
  async refresh(): Promise<void> {
    await this.#keeping(async () => {
      this.list = await this.#store.list(this.query);
      this.listed = true;
    });
  }

  /** @returns false where the conversation does not exist (any more) */
  async open(id: string): Promise<boolean> {
    if (this.conversation.id === id) return true;
    this.stop();
    const found = await this.#store.load(id).catch((error: unknown) => {
      this.problem = messageOf(error);
      return undefined;
    });
    if (found) this.conversation = found;
    return found !== undefined;
  }

  startNew(): void {
    this.stop();
    const { settings, model } = this.conversation;
    const fresh = newConversation();
    this.conversation = { ...fresh, model, settings: { ...settings } };
  }

  async rename(id: string, title: string): Promise<void> {
    const name = title.trim();
    if (name === '') return;
    if (this.conversation.id === id) this.conversation.title = name;
    await this.#keeping(() => this.#store.rename(id, name));
    await this.refresh();
  }

  async remove(id: string): Promise<void> {
    if (this.conversation.id === id) this.startNew();
    await this.#keeping(() => this.#store.remove(id));
    await this.refresh();
  }

  /** Keeps changed settings, once there is something to keep them with. */
  async saveSettings(): Promise<void> {
    if (this.conversation.messages.length > 0) await this.#save();
  }

  /** Says something and waits for the answer. */
  async send(text: string, servedModel: string): Promise<void> {
    if (text.trim() === '' || this.writing !== undefined) return;
    const { conversation } = this;
    if (conversation.title === untitled) conversation.title = titleOf(text);
    conversation.messages.push({ id: newId(), role: 'user', text });
    await this.#answer(servedModel);
  }

  /** Says something else instead of message `id`; what followed it is dropped. */
  async resend(id: string, text: string, servedModel: string): Promise<void> {
    const index = this.conversation.messages.findIndex((message) => message.id === id);
    if (index < 0 || text.trim() === '') return;
    this.stop();
    this.conversation.messages.splice(index, Infinity, { id: newId(), role: 'user', text });
    await this.#answer(servedModel);
  }

  /** Asks for another answer in the place of answer `id`; what followed it is dropped. */
  async regenerate(id: string, servedModel: string): Promise<void> {
    const index = this.conversation.messages.findIndex((message) => message.id === id);
    if (index < 0) return;
    this.stop();
    this.conversation.messages.splice(index);
    await this.#answer(servedModel);
  }

  /** Ends the answer that is being written, here and on the grid. */
  stop(): void {
    this.#stop?.abort();
  }

  async #answer(servedModel: string): Promise<void> {
    const { conversation } = this;
    const { settings } = conversation;
    const model = conversation.model ?? servedModel;
    const stopping = (this.#stop = new AbortController());
    const messages = toRequestMessages(conversation, conversation.messages.length);
    conversation.messages.push({ id: newId(), role: 'assistant', text: '', facts: { model } });
    const answer = conversation.messages.at(-1) as AnswerMessage;
    this.writing = answer.id;
    void this.#save();
    try {
      const body = {
        model,
        messages,
        temperature: settings.temperature,
        top_p: settings.topP,
        top_k: settings.topK,
        min_p: settings.minP,
        repetition_penalty: settings.repetitionPenalty,
        max_completion_tokens: settings.maxTokens,
        seed: settings.seed,
      };
      await write(answer, body, stopping.signal);
    } catch (error) {
      if (stopping.signal.aborted) answer.facts.finishReason = 'stopped';
      else answer.facts.error = messageOf(error);
      if (error instanceof HubError && error.code === 'model_not_found') conversation.model = undefined;
    } finally {
      if (this.writing === answer.id) this.writing = undefined;
    }
    await this.#save(conversation);
  }

  async #save(conversation = this.conversation): Promise<void> {
    conversation.updatedAt = Date.now();
    await this.#keeping(() => this.#store.save($state.snapshot<Conversation>(conversation)));
    await this.refresh();
  }

  async #keeping(act: () => Promise<void>): Promise<void> {
    try {
      await act();
      this.problem = undefined;
    } catch (error) {
      this.problem = `Conversations can't be kept: ${messageOf(error)}`;
    }
  }
}

/** Writes what comes into the answer. */
async function write(
  answer: AnswerMessage,
  body: Record<string, unknown>,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  let firstAt: number | undefined;
  for await (const event of streamCompletion(body, signal)) {
    const now = performance.now();
    switch (event.type) {
      case 'accepted':
        if (event.requestId !== undefined) answer.facts.requestId = event.requestId;
        if (event.route !== undefined) answer.facts.route = event.route;
        break;
      case 'text':
        if (firstAt === undefined) answer.facts.firstTokenMs = now - startedAt;
        firstAt ??= now;
        answer.facts.writingMs = now - firstAt;
        answer.text += event.text;
        break;
      case 'finished':
        answer.facts.finishReason = event.reason;
        break;
      case 'usage':
        answer.facts.promptTokens = event.promptTokens;
        answer.facts.completionTokens = event.completionTokens;
    }
  }
}
