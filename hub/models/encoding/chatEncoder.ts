/**
 * Encodes conversations in processes of their own: a tokenizer's regular expressions and a chat template come with the
 * model, and may run for ever or take all memory. Conversations of about one length share a process, so that long ones keep
 * no short one waiting.
 */
import { messageCharacters, type ChatMessage, type RenderOptions } from '../chatFormat.ts';
import { EncodingLane, type LaneWork } from './encodingLane.ts';

/** What the process is asked: a verb of `ChatFormat` and what it takes. */
export type EncodingTask =
  | { verb: 'encode'; messages: ChatMessage[]; options: RenderOptions }
  | { verb: 'encodeText'; text: string; addsSpecial: boolean; isPlain: boolean }
  /** Answered with the token ids, and as many token types behind them. */
  | { verb: 'encodePair'; text: string; pair: string };

export interface ShareOptions {
  /** Whose conversation it is: each share gets its turn, however many the others have. */
  share?: string;
  /** Stops the work, also in the middle. */
  signal?: AbortSignal;
}

export interface TextOptions extends ShareOptions {
  /** True to read the marks of special tokens as text. Default: false. */
  isPlain?: boolean;
}

export type EncodeOptions = RenderOptions & ShareOptions;

/** Two texts as one. */
export interface TokenPair {
  tokens: number[];
  /** Which of the two each token is of. */
  tokenTypes: (0 | 1)[];
}

interface LaneLimits {
  /** Longest conversation in characters. */
  mostCharacters: number;
  processorMs: number;
  heapMegabytes: number;
  idleMs: number;
}

/** Encoding was seen to take 0.4 s (English) to 10 s (Chinese in a small vocabulary) for a million characters. */
const defaultLanes: LaneLimits[] = [
  { mostCharacters: 32_768, processorMs: 10_000, heapMegabytes: 2048, idleMs: 60 * 60_000 },
  { mostCharacters: 262_144, processorMs: 30_000, heapMegabytes: 2048, idleMs: 60_000 },
  { mostCharacters: Infinity, processorMs: 120_000, heapMegabytes: 4096, idleMs: 60_000 },
];
/** What a template writes around each message, about. */
const templateCharacters = 32;

/** @param directory as `loadChatFormat` takes it */
export function encodingWork(directory: string): LaneWork {
  return {
    thread: new URL('./encodingThread.ts', import.meta.url),
    given: directory,
    tooLong: (seconds) =>
      `Reading the messages took longer than ${seconds} s, so the hub stopped. Shorten them; if short ` +
      "ones fail too, the model's tokenizer or chat template is at fault.",
    lost: 'Reading the messages took more memory than the hub gives to it, or the process that did it was ended. Shorten them.',
  };
}

export class ChatEncoder {
  readonly #lanes: { mostCharacters: number; lane: EncodingLane<EncodingTask, number[]> }[];

  /** @param directory as `loadChatFormat` takes it */
  constructor(directory: string, lanes: LaneLimits[] = defaultLanes) {
    this.#lanes = lanes.map(({ mostCharacters, ...limits }) => ({
      mostCharacters,
      lane: new EncodingLane({ work: encodingWork(directory), ...limits }),
    }));
  }

  /** Makes ready for short conversations. */
  warmUp(): void {
    this.#lanes[0]?.lane.warmUp();
  }

  /** Nobody asks any more: its processes end as soon as they have nothing to do. */
  close(): void {
    for (const { lane } of this.#lanes) lane.close();
  }

  /** @throws ModelError, EncodingError or the signal's reason, as `EncodingLane.run` does */
  async encode(messages: ChatMessage[], options: EncodeOptions = {}): Promise<number[]> {
    const { share, signal, ...render } = options;
    const task: EncodingTask = { verb: 'encode', messages, options: render };
    return this.#run(task, charactersOf(messages, render), { share, signal });
  }

  /** Token ids of a text in which special tokens count, unless it is plain. @throws as `encode` does */
  async encodeText(text: string, addsSpecial: boolean, options: TextOptions = {}): Promise<number[]> {
    const { isPlain = false, ...own } = options;
    return this.#run({ verb: 'encodeText', text, addsSpecial, isPlain }, text.length, own);
  }

  /** Token ids of two texts as one, as rerankers take them. @throws as `encode` does */
  async encodePair(text: string, pair: string, options: ShareOptions = {}): Promise<TokenPair> {
    const both = await this.#run({ verb: 'encodePair', text, pair }, text.length + pair.length, options);
    const tokens = both.slice(0, both.length / 2);
    return { tokens, tokenTypes: both.slice(tokens.length).map((type) => (type === 1 ? 1 : 0)) };
  }

  #run(task: EncodingTask, characters: number, { share = '', signal }: Undefinable<ShareOptions>) {
    const lane = this.#lanes.find(({ mostCharacters }) => characters <= mostCharacters)?.lane;
    if (!lane) throw new Error('no lane takes a conversation of this length');
    return lane.run(task, share, characters + 1, signal ?? new AbortController().signal);
  }
}

type Undefinable<T> = { [K in keyof T]: T[K] | undefined };

function charactersOf(messages: readonly ChatMessage[], { tools }: RenderOptions): number {
  const toolCharacters = tools ? JSON.stringify(tools).length : 0;
  return messages.reduce(
    (sum, message) => sum + messageCharacters(message) + templateCharacters,
    toolCharacters,
  );
}
