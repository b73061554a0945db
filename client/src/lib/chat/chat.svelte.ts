/**
 * The open conversation: sends messages, shows answers as they grow, and keeps in step with the hub.
 *
 * `messages` holds what the hub has. The one exception is an answer that the hub has not accepted yet: it leaves again
 * if the hub refuses it, so that no message can name a parent that the hub does not know.
 */
import type { Activity, Conversation, Message, ModelDefaults, Sampling } from '@potluck/api';
import { withThoughts } from '@potluck/api/thoughts';
import { SvelteMap } from 'svelte/reactivity';
import { uuidv7 } from 'uuidv7';
import { ownAnswers } from '#lib/events/ownAnswers.ts';
import { HubError, messageOf } from '#lib/hub/errors.ts';
import { hubJson, hubSend } from '#lib/hub/hubFetch.ts';
import { isAsked, keepAsked } from './askedPrompts.ts';
import { effectiveSettings } from './chatDefaults.ts';
import { copyTitleOf, newConversation, titleOf, toRequestMessages, untitled } from './conversation.ts';
import { messageWith } from './findWords.ts';
import { keepConversation } from './keepConversation.ts';
import { endingOf, mostTokens } from './messageEnding.ts';
import {
  explainUnsent,
  type Failure,
  failureOf,
  isHubAway,
  isOver,
  longestMessage,
  tooLong,
} from './failure.ts';
import { streamCompletion } from './streamCompletion.ts';
import type { LikelyToken } from '@potluck/api/likely-tokens';
import { areTokensShown, keepTokensShown } from './tokensShown.ts';
import { mergeMessages, newestLeaf, threadOf, type ThreadMessage } from './thread.ts';

/** What is known of an answer while it is written here; afterwards the hub's record has it. */
export interface LiveFacts {
  requestId?: string;
  route?: string;
}

/** What the page around a chat knows. */
export interface ChatInit {
  /** Called when the list of conversations should be read again. Default: there is none. */
  changed?: () => void;
  /** False where no answer can come of a model now: a new conversation does not take it over. Default: always true. */
  canAsk?: (model: string) => boolean;
  /** Called as soon as the hub keeps a conversation that was new, with its id. */
  kept?: (id: string) => void;
  /** What the operator chose for a model. Default: nothing. */
  defaultsOf?: (model: string) => ModelDefaults | null | undefined;
  /** True: nothing of it is kept. */
  isTemporary?: boolean;
}

/** How many alternatives are asked for beside each token. */
const alternatives = 4;

type Settings = Omit<Conversation, 'messages' | 'currentMessageId'>;
/** What is sent for an answer: as `/v1/chat/completions` takes it, without the stream's own fields. */
type CompletionRequest = Record<string, unknown>;

/** Between two questions for an answer whose connection was lost, in milliseconds. */
const askAgainMs = 2000;

export class Chat {
  conversation = $state<Settings>(settingsOf(newConversation()));
  messages = $state.raw<readonly Message[]>([]);
  currentMessageId = $state<string | null>(null);
  /** True where the hub has the conversation. */
  isKept = $state(false);
  /** `opening`: the hub was asked for it; `unread`: that failed, and `problem` says why. */
  state = $state<'ready' | 'opening' | 'unread'>('ready');
  /** Id of the answer that this page is writing. */
  writing = $state<string>();
  /** Id of that answer while it waits for other answers that this browser receives. */
  waiting = $state<string>();
  /** Id of the last message where this tab asked for its answer before, and left before that was begun. */
  awaited = $state<string>();
  /** True until the hub keeps what was sent. */
  isSending = $state(false);
  /** Facts of that answer. */
  facts = $state.raw<LiveFacts>({});
  /** Why the last attempt to get an answer brought none. Answers that broke off show their own errors. */
  failure = $state.raw<Failure>();
  /** What went wrong beside answers. */
  problem = $state<string>();
  #thread: ThreadMessage[] = [];
  readonly thread = $derived((this.#thread = threadOf(this.messages, this.currentMessageId, this.#thread)));
  /** True from the moment something is said until its answer is written, whichever version is shown meanwhile. */
  readonly isWriting = $derived(
    this.isSending || this.writing !== undefined || this.thread.at(-1)?.message.status === 'streaming',
  );
  /** True where nothing of the conversation is kept: it is gone with the page. */
  isTemporary = $state(false);
  /** True to ask how sure the model is of each token of the answers to come, in this conversation. */
  asksTokens = $state(false);
  /** Tokens of answers that were asked for so, by the answer's id. */
  readonly tokens = new SvelteMap<string, readonly LikelyToken[]>();
  /** What was sent for answers that this page asked for, by the answer's id. */
  readonly #sent = new SvelteMap<string, CompletionRequest>();
  readonly #changed: () => void;
  readonly #canAsk: (model: string) => boolean;
  readonly #kept: (id: string) => void;
  readonly #defaultsOf: (model: string) => ModelDefaults | null | undefined;
  #stop: AbortController | undefined;
  /** True where the person stopped an answer before the hub had named its request. */
  #isStopWanted = false;
  /** Rises when another conversation is shown: what was begun before must not change it. */
  #turn = 0;
  /** How often another message was chosen, and how often the hub has kept that. */
  readonly #choices = { made: 0, kept: 0 };

  constructor({
    changed = () => undefined,
    canAsk = () => true,
    kept = () => undefined,
    defaultsOf = () => undefined,
    isTemporary = false,
  }: ChatInit = {}) {
    this.#changed = changed;
    this.#canAsk = canAsk;
    this.#kept = kept;
    this.#defaultsOf = defaultsOf;
    this.isTemporary = isTemporary;
  }

  /** The request of an answer: as it was sent from here, else as the conversation's settings make it now. */
  requestOf(answerId: string, servedModel: string): CompletionRequest {
    const answer = this.messages.find(({ id }) => id === answerId);
    const model = answer?.model ?? this.conversation.model ?? servedModel;
    return this.#sent.get(answerId) ?? this.#requestFor(answer?.parentId ?? null, model, model);
  }

  /**
   * The request for an answer to message `promptId`.
   * @param model null: the hub chooses
   * @param expected the model that it is going to choose
   */
  #requestFor(promptId: string | null, model: string | null, expected: string): CompletionRequest {
    const { systemPrompt, sampling } = effectiveSettings(this.conversation, this.#defaultsOf(expected));
    return {
      ...(model === null ? {} : { model }),
      messages: toRequestMessages(systemPrompt, threadOf(this.messages, promptId)),
      ...sampling,
    };
  }

  /** False while nothing can be added to the conversation: it is not read yet, or something is being written. */
  get isIdle(): boolean {
    return this.state === 'ready' && !this.isSending && this.writing === undefined;
  }

  /**
   * Shows a conversation of the hub.
   * @returns false where the hub has none with this id (any more): a new one is shown then
   */
  async open(id: string): Promise<boolean> {
    if (this.conversation.id === id && this.state !== 'unread') return true;
    this.#show({ ...newConversation(), id });
    this.state = 'opening';
    const turn = this.#turn;
    try {
      const found = await hubJson<Conversation>(`/api/conversations/${encodeURIComponent(id)}`);
      if (turn !== this.#turn) return true;
      this.#show(found);
      this.isKept = true;
      const last = this.thread.at(-1)?.message;
      if (last?.role === 'user' && isAsked(last.id)) this.awaited = last.id;
      return true;
    } catch (error) {
      if (turn !== this.#turn) return true;
      if (isOver(error)) {
        this.#show(newConversation());
        this.problem = 'This conversation doesn’t exist. It may have been deleted.';
        return false;
      }
      this.state = 'unread';
      this.problem = `Couldn’t load the conversation. ${messageOf(error)}`;
      return true;
    }
  }

  /**
   * Shows an empty conversation with the model of this one, where that can answer.
   * @param isTemporary true: nothing of it will be kept
   */
  startNew(isTemporary = false): void {
    const isEmpty = !this.isKept && this.messages.length === 0 && this.state === 'ready';
    const { model } = this.conversation;
    const takenOver = model !== null && this.#canAsk(model) ? model : null;
    if (isEmpty) this.conversation.model = takenOver;
    else this.#show({ ...newConversation(), model: takenOver });
    this.isTemporary = isTemporary;
  }

  /** Keeps a copy of what is shown, up to message `messageId`, as a conversation of its own. @returns its id; undefined where that failed */
  async fork(messageId: string): Promise<string | undefined> {
    // The copy is new: its messages are not dated back.
    const path = threadOf(this.messages, messageId).map(({ message: one }) => {
      const { id, parentId, role, content, model: by, requestId } = one;
      const tokens = this.tokens.get(id) ?? [];
      const isKept = tokens.length > 0 && tokens.length <= mostTokens;
      const ending = endingOf({ ...one, tokens: isKept ? [...tokens] : null });
      return { id, parentId, role, content, model: by, requestId, ...ending };
    });
    const { title, model, systemPrompt, sampling } = this.conversation;
    const about = { title: copyTitleOf(title), model, systemPrompt, sampling };
    try {
      const id = await keepConversation({ ...about, currentMessageId: messageId, messages: path });
      if (this.asksTokens) keepTokensShown(id, true);
      return id;
    } catch (error) {
      this.problem = `Couldn’t copy the conversation. ${messageOf(error)}`;
      return undefined;
    }
  }

  /** Chooses for this conversation whether to ask how sure the model is of each token. */
  askTokens(isAsked: boolean): void {
    this.asksTokens = isAsked;
    if (!this.isTemporary) keepTokensShown(this.conversation.id, isAsked);
  }

  /** Keeps changed settings, once there is something to keep them with. */
  async change(change: { model?: string | null; systemPrompt?: string; sampling?: Sampling }): Promise<void> {
    Object.assign(this.conversation, change);
    if (this.isKept) await this.#patch(change);
  }

  /**
   * Sends a message and asks for its answer.
   * @param parentId what it follows; default: the end of what is shown
   * @returns true as soon as the hub keeps it; false where it does not, and `problem` says why
   */
  async send(text: string, servedModel: string, parentId = this.#placeOfNext()): Promise<boolean> {
    if (text.trim() === '' || !this.isIdle) return false;
    if (text.length > longestMessage) {
      this.problem = tooLong(text.length);
      return false;
    }
    const turn = this.#turn;
    const stopping = (this.#stop = new AbortController());
    this.isSending = true;
    this.problem = undefined;
    try {
      const prompt = await this.#keepPrompt(text, parentId, stopping.signal);
      if (turn !== this.#turn) return true;
      this.messages = [...this.messages, prompt];
      this.currentMessageId = prompt.id;
      this.isSending = false;
      void this.answer(prompt.id, servedModel);
      return true;
    } catch (error) {
      if (turn === this.#turn && !stopping.signal.aborted) await this.#explainUnsent(error);
      return false;
    } finally {
      if (turn === this.#turn) this.isSending = false;
    }
  }

  /** Asks for an answer to message `promptId`, beside those that there are. One at a time. */
  async answer(promptId: string, servedModel: string): Promise<void> {
    if (!this.isIdle) return;
    const turn = this.#turn;
    const { conversation, currentMessageId: shownBefore } = this;
    // Where the page does not know it yet, the hub takes its default model.
    const model = conversation.model ?? (servedModel === '' ? null : servedModel);
    const stopping = (this.#stop = new AbortController());
    const answer = $state(message({ parentId: promptId, role: 'assistant', status: 'streaming', model }));
    this.messages = [...this.messages, answer];
    this.currentMessageId = answer.id;
    this.writing = answer.id;
    this.facts = {};
    this.failure = undefined;
    this.#isStopWanted = false;
    this.awaited = undefined;
    if (!this.isTemporary) keepAsked(promptId, true);
    let isAccepted = false;
    let [thoughts, text] = ['', ''];
    let leave: (() => void) | undefined;
    try {
      leave = await ownAnswers.take(answer.id, stopping.signal, () => (this.waiting = answer.id));
      if (this.waiting === answer.id) this.waiting = undefined;
      const place = this.isTemporary
        ? undefined
        : { conversationId: conversation.id, parentId: promptId, messageId: answer.id };
      const body = {
        ...this.#requestFor(promptId, model, model ?? servedModel),
        ...(this.asksTokens ? { logprobs: true, top_logprobs: alternatives } : {}),
      };
      this.#sent.set(answer.id, body);
      for await (const event of streamCompletion(body, place, stopping.signal)) {
        if (event.type === 'thoughts') thoughts += event.text;
        if (event.type === 'text') text += event.text;
        if (event.type === 'thoughts' || event.type === 'text') answer.content = withThoughts(thoughts, text);
        if (event.type === 'tokens') {
          this.tokens.set(answer.id, [...(this.tokens.get(answer.id) ?? []), ...event.tokens]);
        }
        if (event.type !== 'accepted') continue;
        isAccepted = true;
        keepAsked(promptId, false);
        this.facts = event;
        answer.requestId = event.requestId ?? null;
        if (this.#isStopWanted) this.stop();
        this.#changed();
      }
      answer.status = 'done';
    } catch (error) {
      const isStopped = stopping.signal.aborted;
      const isKept = isAccepted && !isStopped && !this.isTemporary && isHubAway(error);
      answer.status = isStopped ? 'stopped' : isKept ? 'streaming' : 'failed';
      answer.error = isStopped || isKept ? null : messageOf(error);
      if (turn !== this.#turn) return;
      // A page that is left may hear that its hub is gone.
      if (isStopped || error instanceof HubError) keepAsked(promptId, false);
      if (isKept) setTimeout(() => void this.#awaitEnd(answer.id, turn), askAgainMs);
      if (!isAccepted) {
        this.messages = this.messages.filter(({ id }) => id !== answer.id);
        if (this.currentMessageId === answer.id) this.currentMessageId = shownBefore;
        const messageCount = threadOf(this.messages, promptId).length;
        if (!stopping.signal.aborted) this.failure = failureOf(promptId, error, messageCount);
      }
    } finally {
      leave?.();
      if (this.waiting === answer.id) this.waiting = undefined;
      if (this.writing === answer.id) this.writing = undefined;
    }
    this.#changed();
  }

  /** Shows another message in the place of its siblings. */
  async choose(messageId: string): Promise<void> {
    const leaf = newestLeaf(this.messages, messageId);
    this.currentMessageId = leaf;
    this.failure = undefined;
    // An answer that the hub has not accepted is none that it can show; once accepted, it is shown there anyway.
    if (this.messages.some(({ id, requestId }) => id === leaf && id === this.writing && requestId === null)) {
      return;
    }
    this.#choices.made += 1;
    if (await this.#patch({ currentMessageId: leaf })) this.#choices.kept += 1;
  }

  /** Shows the version that has the words, where the shown one does not. */
  async find(words: string): Promise<void> {
    const shown = this.thread.map(({ message: { id } }) => id);
    const found = this.state === 'ready' ? messageWith(this.messages, shown, words) : undefined;
    if (found !== undefined) await this.choose(found);
  }

  /** Ends what is being sent, or the answer that is being written, here and on the grid. */
  stop(): void {
    if (this.isSending) return this.#stop?.abort();
    const written = this.messages.find(({ id }) => id === this.writing);
    const unfinished = written ?? this.thread.at(-1)?.message;
    if (unfinished?.status !== 'streaming') return;
    // The hub does not know of it.
    if (unfinished.id === this.waiting) return this.#stop?.abort();
    if (unfinished.requestId !== null) {
      void hubSend('POST', `/api/requests/${unfinished.requestId}/cancel`).catch(() => undefined);
    } else if (!this.#isStopWanted) {
      // The hub can be told as soon as it has named the request. Stopping again does not wait for that.
      this.#isStopWanted = true;
      return;
    }
    this.#stop?.abort();
  }

  /** Stops to read; the hub writes the answer to its end and keeps it. */
  leave(): void {
    this.#turn += 1;
    if (this.writing !== undefined) this.#stop?.abort();
    this.writing = undefined;
    this.waiting = undefined;
    this.isSending = false;
  }

  /** Reads an answer again that the hub writes without this page: after a reload, or in another tab. */
  async follow({ id, status }: Activity): Promise<void> {
    const answer = this.messages.find(({ requestId }) => requestId === id);
    if (answer && (answer.status === 'streaming' || status !== 'running')) await this.refresh();
  }

  /** Reads the conversation again, as the hub has it. Failures leave it as it is. */
  async refresh(): Promise<void> {
    if (!this.isKept || !this.isIdle) return;
    const turn = this.#turn;
    const { kept } = this.#choices;
    const path = `/api/conversations/${this.conversation.id}`;
    const now = await hubJson<Conversation>(path).catch(() => undefined);
    if (!now || turn !== this.#turn || !this.isIdle) return;
    // What the hub says may be from before the person chose.
    const chosen = this.#choices.made === kept ? now.currentMessageId : this.currentMessageId;
    this.messages = mergeMessages(this.messages, this.#takeTokens(now.messages));
    this.conversation = settingsOf(now);
    this.currentMessageId = leafOf(this.messages, chosen);
  }

  /** Reads an answer until it has ended that the hub goes on with once it is back. What the hub tells meanwhile is read at once. */
  async #awaitEnd(id: string, turn: number): Promise<void> {
    const isOpen = (): boolean =>
      turn === this.#turn && this.messages.some((one) => one.id === id && one.status === 'streaming');
    while (isOpen()) {
      await this.refresh();
      await new Promise((resolve) => setTimeout(resolve, askAgainMs));
    }
  }

  /** Where the next message goes: after what is shown. A message that was too long is replaced, not followed. */
  #placeOfNext(): string | null {
    const { failure, currentMessageId } = this;
    if (failure?.promptId !== currentMessageId || !failure?.isTooLong) return currentMessageId;
    return this.messages.find(({ id }) => id === currentMessageId)?.parentId ?? null;
  }

  #show(conversation: Conversation): void {
    this.leave();
    this.state = 'ready';
    this.isKept = false;
    this.isTemporary = false;
    this.tokens.clear();
    this.#sent.clear();
    this.asksTokens = areTokensShown(conversation.id);
    this.problem = undefined;
    this.failure = undefined;
    this.awaited = undefined;
    this.facts = {};
    this.conversation = settingsOf(conversation);
    this.messages = this.#takeTokens(conversation.messages);
    this.currentMessageId = leafOf(conversation.messages, conversation.currentMessageId);
  }

  /** Takes out of messages how sure the model was, so that messages can be compared. @returns the messages without that */
  #takeTokens(messages: readonly Message[]): Message[] {
    return messages.map((one) => {
      if (one.tokens === null) return one;
      const known = this.tokens.get(one.id)?.length ?? 0;
      if (one.tokens.length > known) this.tokens.set(one.id, one.tokens);
      return { ...one, tokens: null };
    });
  }

  async #keepPrompt(content: string, parentId: string | null, signal: AbortSignal): Promise<Message> {
    if (this.isTemporary) {
      return { ...message({ parentId, role: 'user', status: 'done', model: null }), content };
    }
    await this.#keepConversation(titleOf(content), signal);
    const path = `/api/conversations/${this.conversation.id}/messages`;
    return hubSend<Message>('POST', path, { id: uuidv7(), parentId, role: 'user', content }, signal);
  }

  async #keepConversation(title: string, signal: AbortSignal): Promise<void> {
    if (this.isKept) return;
    const { conversation } = this;
    if (conversation.title === untitled) conversation.title = title;
    const { id, model, systemPrompt, sampling } = conversation;
    const body = { id, title: conversation.title, model, systemPrompt, sampling };
    const turn = this.#turn;
    try {
      await hubSend('POST', '/api/conversations', body, signal);
    } catch (error) {
      // The hub has kept it before, and its word of that was lost.
      if (!(error instanceof HubError && error.code === 'conflict')) throw error;
    }
    if (turn !== this.#turn) return;
    this.isKept = true;
    this.#kept(id);
  }

  async #explainUnsent(error: unknown): Promise<void> {
    this.isSending = false;
    if (error instanceof HubError && error.code === 'message_not_found') await this.refresh();
    this.problem = explainUnsent(error);
  }

  /** @returns false where the hub did not keep it; the page does, and says so */
  async #patch(change: object): Promise<boolean> {
    if (this.isTemporary) return true;
    try {
      await hubSend('PATCH', `/api/conversations/${this.conversation.id}`, change);
      return true;
    } catch (error) {
      this.problem = `Couldn’t save this change. ${messageOf(error)}`;
      return false;
    }
  }
}

function settingsOf({ messages: _messages, currentMessageId: _id, ...settings }: Conversation): Settings {
  return settings;
}

/** The message at which the conversation ends; the newest where the named one is gone. */
function leafOf(messages: readonly Message[], id: string | null): string | null {
  return messages.some((one) => one.id === id) ? id : (messages.at(-1)?.id ?? null);
}

function message(given: Pick<Message, 'parentId' | 'role' | 'status' | 'model'>): Message {
  return {
    id: uuidv7(),
    content: '',
    error: null,
    requestId: null,
    tokens: null,
    createdAt: Date.now(),
    ...given,
  };
}
