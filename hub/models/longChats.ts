/** Long conversations are encoded in a thread of their own, so that everybody else is heard meanwhile. */
import { Worker } from 'node:worker_threads';
import { ModelError } from '../errors.ts';
import type { ChatMessage } from './chatFormat.ts';

/** What the thread is asked. */
export interface EncodeRequest {
  id: number;
  messages: ChatMessage[];
}

/** What it answers. */
export type EncodeAnswer = { id: number } & ({ tokens: number[] } | { refusal: string });

/** The thread holds a second tokenizer, so it ends when nobody needed it for this long. */
const idleMs = 5 * 60_000;

export class LongChats {
  readonly #directory: string;
  readonly #pending = new Map<number, PromiseWithResolvers<number[]>>();
  #thread: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;

  /** @param directory as `loadChatFormat` takes it */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Encodes one conversation after the other. @throws ModelError as `ChatFormat.encode` does */
  encode(messages: ChatMessage[]): Promise<number[]> {
    clearTimeout(this.#idle);
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<number[]>();
    this.#pending.set(id, answer);
    (this.#thread ??= this.#start()).postMessage({ id, messages } satisfies EncodeRequest);
    return answer.promise;
  }

  #start(): Worker {
    const thread = new Worker(new URL('./encodeChats.ts', import.meta.url), {
      workerData: this.#directory,
    });
    thread.unref();
    thread.on('message', (answer: EncodeAnswer) => this.#settle(answer));
    thread.on('error', (error) => this.#lose(thread, error));
    thread.on('exit', () => this.#lose(thread, new Error('the thread that encodes conversations ended')));
    return thread;
  }

  #settle(answer: EncodeAnswer): void {
    const asked = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('tokens' in answer) asked?.resolve(answer.tokens);
    else asked?.reject(new ModelError(answer.refusal));
    if (this.#pending.size > 0) return;
    this.#idle = setTimeout(() => {
      const thread = this.#thread;
      this.#thread = undefined;
      void thread?.terminate();
    }, idleMs).unref();
  }

  /** The next conversation gets another thread. */
  #lose(thread: Worker, error: unknown): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
