/** Keeps answers in conversations while they are generated, so that none is lost with the page that asked. */
import type { WriteQueue } from '../files/writeQueue.ts';
import { GenerationError } from '../generation/generationError.ts';
import type { OutputEvent } from '../generation/output/outputEvents.ts';
import type { AnswerLogprob } from '../generation/answer.ts';
import type { LikelyToken } from '@potluck/api/likely-tokens';
import { withThoughts } from '@potluck/api/thoughts';
import { ConversationError } from './conversationError.ts';
import type { ConversationStore, MessageRow } from './conversationStore.ts';

export interface ConversationKeeperComponents {
  store: ConversationStore;
  writes: Pick<WriteQueue, 'write'>;
}

export interface ConversationKeeperInit {
  /** A growing answer is written this often, in milliseconds. Default 1000. */
  writeEveryMs?: number;
}

/** Where an answer belongs. */
export interface AnswerPlace {
  owner: string;
  conversationId: string;
  /** The message that is answered. */
  parentId: string | null;
  /** The answer's own id. Default: that of its request. */
  messageId?: string;
  /** The request that the client named: an answer that belongs to it goes on. */
  requestId?: string;
}

const defaultWriteEveryMs = 1000;
/** Of a longer answer, it is not kept how sure the model was. With a dozen characters a token, these are about 400 kB. */
const mostTokens = 2000;
/** How many of the other choices are kept for each token. */
const mostOthers = 4;

/** Tells of tokens how likely they were. */
export type ReadLogprobs = (logprobs: AnswerLogprob[]) => LikelyToken[];

export class ConversationKeeper {
  readonly #components: ConversationKeeperComponents;
  readonly #writeEveryMs: number;

  constructor(components: ConversationKeeperComponents, init: ConversationKeeperInit = {}) {
    this.#components = components;
    this.#writeEveryMs = init.writeEveryMs ?? defaultWriteEveryMs;
  }

  /**
   * Looks whether an answer can be kept there. Called before it is asked for.
   * @throws ConversationError
   */
  async check(place: AnswerPlace): Promise<void> {
    const { owner, conversationId, parentId, messageId } = place;
    const { store } = this.#components;
    if (!(await store.find(owner, conversationId))) {
      throw new ConversationError('conversation', `You have no conversation ${conversationId}.`);
    }
    if (parentId !== null && !(await store.message(conversationId, parentId))) {
      throw new ConversationError('parent', `The conversation has no message ${parentId}.`);
    }
    if (messageId === undefined || !(await store.hasMessage(messageId))) return;
    if (!(await this.#isUnfinished(place))) throw messageTaken();
  }

  /**
   * Begins the answer's message, which becomes the conversation's current one.
   * @param readLogprobs to keep with it how likely its tokens were. Default: that is not kept
   * @throws ConversationError if the id was taken meanwhile
   */
  async begin(
    place: AnswerPlace,
    requestId: string,
    model: string,
    readLogprobs?: ReadLogprobs,
  ): Promise<KeptAnswer> {
    const { store } = this.#components;
    const { owner, conversationId, parentId } = place;
    if (place.requestId === requestId && (await this.#isUnfinished(place)))
      return this.#kept(place, requestId, readLogprobs);
    const row: MessageRow = {
      id: place.messageId ?? requestId,
      conversationId,
      parentId,
      role: 'assistant',
      content: '',
      status: 'streaming',
      error: null,
      model,
      requestId,
      tokens: null,
      createdAt: Date.now(),
    };
    if (!(await store.addMessage(row))) throw messageTaken();
    await store.change(owner, conversationId, { currentMessageId: row.id, updatedAt: row.createdAt });
    return this.#kept(place, requestId, readLogprobs);
  }

  /** True where a former run of the hub began the answer of the request that the client named. */
  async #isUnfinished({ conversationId, messageId, requestId }: AnswerPlace): Promise<boolean> {
    if (requestId === undefined) return false;
    const found = await this.#components.store.message(conversationId, messageId ?? requestId);
    return found?.requestId === requestId && found.status === 'streaming';
  }

  #kept(
    { conversationId, messageId: named }: AnswerPlace,
    requestId: string,
    readLogprobs: ReadLogprobs | undefined,
  ): KeptAnswer {
    const { store, writes } = this.#components;
    const messageId = named ?? requestId;
    const write = (change: Partial<MessageRow>): void =>
      writes.write('an answer', () => store.changeMessage(conversationId, messageId, change));
    return new KeptAnswer(messageId, { writeEveryMs: this.#writeEveryMs, write, readLogprobs });
  }
}

function messageTaken(): ConversationError {
  return new ConversationError('message', 'There is a message with this id already. Draw another UUID.');
}

/** One answer's message as it grows. */
export class KeptAnswer {
  readonly messageId: string;
  readonly #writeEveryMs: number;
  readonly #write: (change: Partial<MessageRow>) => void;
  readonly #readLogprobs: ReadLogprobs | undefined;
  /** Undefined where they are not kept, or were too many. */
  #tokens: LikelyToken[] | undefined;
  #thoughts = '';
  #text = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(
    messageId: string,
    init: {
      writeEveryMs: number;
      write: (change: Partial<MessageRow>) => void;
      readLogprobs: ReadLogprobs | undefined;
    },
  ) {
    this.messageId = messageId;
    this.#writeEveryMs = init.writeEveryMs;
    this.#write = init.write;
    this.#readLogprobs = init.readLogprobs;
    this.#tokens = init.readLogprobs && [];
  }

  /** The same events; what passes is kept. */
  async *keep(events: AsyncGenerator<OutputEvent, void, void>): AsyncGenerator<OutputEvent, void, void> {
    let status: MessageRow['status'] = 'stopped';
    let goesOn = false;
    let error: string | null = null;
    try {
      for await (const event of events) {
        if (event.type === 'finish') status = 'done';
        else if (event.type !== 'tool-call') this.#grow(event);
        yield event;
      }
    } catch (cause) {
      if (cause instanceof GenerationError && cause.code === 'hub_stopped') goesOn = true;
      else if (!(cause instanceof GenerationError && cause.code === 'cancelled')) {
        status = 'failed';
        error = cause instanceof Error ? cause.message : String(cause);
      }
      throw cause;
    } finally {
      clearTimeout(this.#timer);
      const content = withThoughts(this.#thoughts, this.#text);
      // The next run of the hub goes on with it, or says that nobody does.
      this.#write(goesOn ? { content } : { content, status, error, tokens: this.#tokens ?? null });
    }
  }

  #grow({ type, text, logprobs }: Extract<OutputEvent, { type: 'text' | 'reasoning' }>): void {
    if (type === 'reasoning') this.#thoughts += text;
    else {
      this.#text += text;
      if (text !== '') this.#note(logprobs);
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write({ content: withThoughts(this.#thoughts, this.#text) });
    }, this.#writeEveryMs);
  }

  /** Those that belong to words: marks that are not shown have none. */
  #note(logprobs: AnswerLogprob[]): void {
    if (!this.#readLogprobs || !this.#tokens) return;
    for (const token of this.#readLogprobs(logprobs))
      this.#tokens.push({ ...token, others: token.others.slice(0, mostOthers) });
    if (this.#tokens.length > mostTokens) this.#tokens = undefined;
  }
}
