/** An answer as it grows: tokens in, text out that is safe to show. */
import type { TokenLogprob, TokenMessage } from '@potluck/protocol';
import { ByteDetokenizer } from '../models/byteDetokenizer.ts';
import { Detokenizer, type TokenReader } from '../models/detokenizer.ts';
import { StopStrings } from './stopStrings.ts';

/** One token's probability and those of its rivals. */
export interface AnswerLogprob extends TokenLogprob {
  top: TokenLogprob[];
}

/** A piece of the answer; `logprobs` are those of the tokens whose text ends in it. */
export interface AnswerPiece {
  text: string;
  logprobs: AnswerLogprob[];
}

export interface AnswerInit {
  decode: (tokens: number[]) => string;
  tokenBytes: (token: number) => Uint8Array;
  /** True where the text of tokens is that of their bytes, one after the other. Default: false. */
  joinsBytes?: boolean;
  /** Text of a token that marks something, for stop strings that name it and for who reads the marks. */
  specialText: (token: number) => string | undefined;
  /** Texts of special tokens that are part of the answer's text. Default: none. */
  shownMarks?: ReadonlySet<string> | undefined;
  stopStrings: string[];
  /** True to make the stop string that came part of the text. Default: false. */
  showsStop?: boolean | undefined;
  stopTokenIds: number[];
  /** True to tell how likely the token was that ended the answer, too. Default: false. */
  tellsEnd?: boolean | undefined;
  /** No stop string counts that ends in these first tokens. Default: 0. */
  minTokens?: number | undefined;
}

export class Answer {
  readonly #detokenizer: TokenReader;
  readonly #specialText: AnswerInit['specialText'];
  readonly #shownMarks: ReadonlySet<string> | undefined;
  readonly #stops: StopStrings;
  readonly #stopTokenIds: Set<number>;
  readonly #tellsEnd: boolean;
  readonly #minTokens: number;
  #pending: { logprob: AnswerLogprob; start: number; end: number }[] = [];
  /** Characters decoded, and those of them that were given out. */
  #decodedLength = 0;
  #emittedLength = 0;
  #tokenCount = 0;

  constructor(init: AnswerInit) {
    this.#detokenizer = init.joinsBytes
      ? new ByteDetokenizer(init.tokenBytes, (token) => init.specialText(token) !== undefined)
      : new Detokenizer(init.decode, init.tokenBytes);
    this.#specialText = init.specialText;
    this.#shownMarks = init.shownMarks;
    this.#stops = new StopStrings(init.stopStrings, init.showsStop);
    this.#stopTokenIds = new Set(init.stopTokenIds);
    this.#tellsEnd = init.tellsEnd ?? false;
    this.#minTokens = init.minTokens ?? 0;
  }

  /** Tokens taken so far, the one that stopped it included. */
  get tokenCount(): number {
    return this.#tokenCount;
  }

  /** True once a stop string came: the answer is over. */
  get stopped(): boolean {
    return this.#stops.stopped;
  }

  /** The stop string that came. */
  get stoppedBy(): string | undefined {
    return this.#stops.stoppedBy;
  }

  /** Takes the next token. A stop token adds no text. */
  add({ token, logprob, topLogprobs }: Pick<TokenMessage, 'token' | 'logprob' | 'topLogprobs'>): AnswerPiece {
    this.#tokenCount++;
    if (this.#stopTokenIds.has(token)) {
      const end = this.#decodedLength;
      const entry = { token, logprob: logprob ?? 0, top: topLogprobs ?? [] };
      if (this.#tellsEnd && logprob !== undefined) this.#pending.push({ logprob: entry, start: end, end });
      return { text: '', logprobs: [] };
    }
    const decoded = this.#detokenizer.add(token);
    const special = this.#specialText(token);
    const isShown = special !== undefined && (this.#shownMarks?.has(special) ?? false);
    const start = this.#decodedLength;
    this.#decodedLength += decoded.length + (isShown ? special.length : 0);
    if (logprob !== undefined) {
      const entry = { token, logprob, top: topLogprobs ?? [] };
      this.#pending.push({ logprob: entry, start, end: this.#decodedLength });
    }
    const text = this.#untilStop(decoded);
    return this.#emit(special === undefined ? text : text + this.#untilStop(special, !isShown));
  }

  /** @param isHidden true for text that is no part of the answer */
  #untilStop(text: string, isHidden = false): string {
    if (this.#tokenCount > this.#minTokens) return this.#stops.add(text, isHidden);
    return isHidden ? '' : text;
  }

  /** @returns what was held back, once no more tokens come */
  finish(): AnswerPiece {
    if (!this.#stops.stopped) {
      const decoded = this.#detokenizer.finish();
      this.#decodedLength += decoded.length;
      const piece = this.#emit(this.#stops.add(decoded) + this.#stops.finish());
      piece.logprobs.push(...this.#takePending(() => true));
      return piece;
    }
    // A token that reached into the stop string still gave a part of the text.
    return { text: '', logprobs: this.#takePending(({ start }) => start < this.#emittedLength) };
  }

  #emit(text: string): AnswerPiece {
    this.#emittedLength += text.length;
    const hasNone = text === '' || this.#pending.length === 0;
    return { text, logprobs: hasNone ? [] : this.#takePending(({ end }) => end <= this.#emittedLength) };
  }

  #takePending(isMeant: (entry: { start: number; end: number }) => boolean): AnswerLogprob[] {
    const taken = this.#pending.filter(isMeant);
    this.#pending = this.#pending.filter((entry) => !isMeant(entry));
    return taken.map(({ logprob }) => logprob);
  }
}
