/** The open conversation: says things, writes what comes back, and keeps in step with the hub. */
import type { Activity, Conversation, Message, Sampling } from '@potluck/api';
import { uuidv7 } from 'uuidv7';
import { messageOf } from '#lib/hub/errors.ts';
import { hubJson, hubSend } from '#lib/hub/hubFetch.ts';
import { newConversation, titleOf, toRequestMessages, untitled } from './conversation.ts';
import { streamCompletion } from './streamCompletion.ts';
import { newestLeaf, threadOf } from './thread.ts';

/** What is known of an answer while it is written here; afterwards the hub's record has it. */
export interface LiveFacts {
  requestId?: string;
  route?: string;
}

export class Chat {
  conversation = $state<Conversation>(newConversation());
  /** Id of the answer that this page is writing. */
  writing = $state<string>();
  /** True until the hub keeps what was said. */
  #isSending = $state(false);
  /** Facts of that answer. */
  facts = $state.raw<LiveFacts>({});
  /** What went wrong beside answers, which show their own errors. */
  problem = $state<string>();
  readonly thread = $derived(threadOf(this.conversation.messages, this.conversation.currentMessageId));
  /** True from the moment something is said until its answer is written, whichever version is shown meanwhile. */
  readonly isWriting = $derived(
    this.#isSending || this.writing !== undefined || this.thread.at(-1)?.message.status === 'streaming',
  );
  readonly #changed: () => void;
  #stop: AbortController | undefined;
  #isKept = false;
  /** How often another message was chosen, and how often the hub has kept that. */
  readonly #choices = { made: 0, kept: 0 };

  /** @param changed called when the list of conversations should be read again */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** @returns false where the conversation does not exist (any more) */
  async open(id: string): Promise<boolean> {
    if (this.conversation.id === id) return true;
    this.leave();
    const found = await hubJson<Conversation>(`/api/conversations/${id}`).catch(() => undefined);
    if (!found) return false;
    this.conversation = found;
    this.#isKept = true;
    return true;
  }

  startNew(): void {
    this.leave();
    const { systemPrompt, sampling, model } = this.conversation;
    this.conversation = { ...newConversation(), systemPrompt, model, sampling: { ...sampling } };
    this.#isKept = false;
  }

  /** Keeps changed settings, once there is something to keep them with. */
  async change(change: { model?: string | null; systemPrompt?: string; sampling?: Sampling }): Promise<void> {
    Object.assign(this.conversation, change);
    if (this.#isKept) await this.#patch(change);
  }

  /** Says something and waits for the answer. `parentId` is what it answers; default: the end of what is shown. */
  async send(
    text: string,
    servedModel: string,
    parentId = this.conversation.currentMessageId,
  ): Promise<void> {
    if (text.trim() === '' || this.#isSending || this.writing !== undefined) return;
    const { conversation } = this;
    if (conversation.title === untitled) conversation.title = titleOf(text);
    const prompt = message({ parentId, role: 'user', content: text, status: 'done' });
    conversation.messages.push(prompt);
    conversation.currentMessageId = prompt.id;
    this.#isSending = true;
    try {
      await this.#keepConversation();
      const { id, role, content } = prompt;
      await hubSend('POST', `/api/conversations/${conversation.id}/messages`, {
        id,
        parentId,
        role,
        content,
      });
      this.problem = undefined;
    } catch (error) {
      this.problem = `The hub could not keep this message: ${messageOf(error)}`;
      return;
    } finally {
      this.#isSending = false;
    }
    await this.answer(prompt.id, servedModel);
  }

  /** Asks for an answer to message `promptId`, beside those that there are. One at a time. */
  async answer(promptId: string, servedModel: string): Promise<void> {
    if (this.writing !== undefined) return;
    const { conversation } = this;
    const model = conversation.model ?? servedModel;
    const stopping = (this.#stop = new AbortController());
    const thread = threadOf(conversation.messages, promptId);
    conversation.messages.push(
      message({ parentId: promptId, role: 'assistant', status: 'streaming', model }),
    );
    const answer = conversation.messages.at(-1) as Message;
    conversation.currentMessageId = answer.id;
    this.writing = answer.id;
    this.facts = {};
    try {
      const place = { conversationId: conversation.id, parentId: promptId, messageId: answer.id };
      const body = {
        ...conversation.sampling,
        model,
        messages: toRequestMessages(conversation.systemPrompt, thread),
      };
      for await (const event of streamCompletion(body, place, stopping.signal)) {
        if (event.type === 'text') answer.content += event.text;
        if (event.type === 'accepted') {
          this.facts = event;
          answer.requestId = event.requestId ?? null;
          this.#changed();
        }
      }
      answer.status = 'done';
    } catch (error) {
      answer.status = stopping.signal.aborted ? 'stopped' : 'failed';
      answer.error = stopping.signal.aborted ? null : messageOf(error);
    } finally {
      if (this.writing === answer.id) this.writing = undefined;
    }
    this.#changed();
  }

  /** Shows another message in the place of its siblings. */
  async choose(messageId: string): Promise<void> {
    const leaf = newestLeaf(this.conversation.messages, messageId);
    this.conversation.currentMessageId = leaf;
    this.#choices.made += 1;
    await this.#patch({ currentMessageId: leaf });
    this.#choices.kept += 1;
  }

  /** Ends the answer that is being written, here and on the grid. */
  stop(): void {
    const written = this.conversation.messages.find(({ id }) => id === this.writing);
    const unfinished = written ?? this.thread.at(-1)?.message;
    if (unfinished?.status !== 'streaming') return;
    if (unfinished.requestId !== null) {
      void hubSend('POST', `/api/requests/${unfinished.requestId}/cancel`).catch(() => undefined);
    }
    this.#stop?.abort();
  }

  /** Stops to read; the hub writes the answer to its end and keeps it. */
  leave(): void {
    this.#stop?.abort();
  }

  /** Reads an answer again that the hub writes without this page: after a reload, or in another tab. */
  async follow({ id, status }: Activity): Promise<void> {
    const answer = this.conversation.messages.find(({ requestId }) => requestId === id);
    if (!answer || this.writing !== undefined || (answer.status !== 'streaming' && status === 'running'))
      return;
    const { id: conversationId } = this.conversation;
    const { kept } = this.#choices;
    const now = await hubJson<Conversation>(`/api/conversations/${conversationId}`).catch(() => undefined);
    if (!now || this.conversation.id !== conversationId || this.writing !== undefined) return;
    // What the hub says may be from before the person chose.
    const chosen = this.#choices.made === kept ? now.currentMessageId : this.conversation.currentMessageId;
    this.conversation = { ...now, currentMessageId: chosen };
  }

  async #keepConversation(): Promise<void> {
    if (this.#isKept) return;
    const { id, title, model, systemPrompt, sampling } = this.conversation;
    await hubSend('POST', '/api/conversations', { id, title, model, systemPrompt, sampling });
    this.#isKept = true;
  }

  async #patch(change: object): Promise<void> {
    try {
      await hubSend('PATCH', `/api/conversations/${this.conversation.id}`, change);
    } catch (error) {
      this.problem = messageOf(error);
    }
  }
}

function message(
  given: Pick<Message, 'parentId' | 'role' | 'status'> & Partial<Pick<Message, 'content' | 'model'>>,
): Message {
  return {
    id: uuidv7(),
    content: '',
    error: null,
    model: null,
    requestId: null,
    createdAt: Date.now(),
    ...given,
  };
}
