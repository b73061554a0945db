/**
 * Encodes conversations in processes of their own: a tokenizer's regular expressions and a chat template come with the
 * model, and may run for ever or take all memory. Conversations of about one length share a process, so that long ones keep
 * no short one waiting.
 */
import { EncodingLane, type EncodeRequest } from './encodingLane.ts';

export interface EncodeOptions {
  /** Further variables of the chat template. */
  variables?: Record<string, unknown>;
  /** Whose conversation it is: each share gets its turn, however many the others have. */
  share?: string;
  /** Stops the work, also in the middle. */
  signal?: AbortSignal;
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

export class ChatEncoder {
  readonly #lanes: { mostCharacters: number; lane: EncodingLane }[];

  /** @param directory as `loadChatFormat` takes it */
  constructor(directory: string, lanes: LaneLimits[] = defaultLanes) {
    this.#lanes = lanes.map(({ mostCharacters, ...limits }) => ({
      mostCharacters,
      lane: new EncodingLane({ directory, ...limits }),
    }));
  }

  /** Makes ready for short conversations. */
  warmUp(): void {
    this.#lanes[0]?.lane.warmUp();
  }

  /** @throws ModelError, EncodingError or the signal's reason, as `EncodingLane.encode` does */
  encode(
    messages: EncodeRequest['messages'],
    { variables = {}, share = '', signal = new AbortController().signal }: EncodeOptions = {},
  ): Promise<number[]> {
    const characters = messages.reduce((sum, { content }) => sum + content.length + templateCharacters, 1);
    const lane = this.#lanes.find(({ mostCharacters }) => characters <= mostCharacters)?.lane;
    if (!lane) throw new Error('no lane takes a conversation of this length');
    return lane.encode({ messages, variables }, share, characters, signal);
  }
}
