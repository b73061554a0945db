/**
 * The same as `Detokenizer` for tokenizers whose text is nothing but the bytes of its tokens: each token is looked at
 * once, where decoding the last few anew costs ten times as much.
 */
import type { TokenReader } from './detokenizer.ts';

export class ByteDetokenizer implements TokenReader {
  readonly #bytesOf: (token: number) => Uint8Array;
  readonly #isLeftOut: (token: number) => boolean;
  /** Holds back the bytes of a character until its last one is there. */
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  /** @param isLeftOut true for tokens that are no text */
  constructor(bytesOf: (token: number) => Uint8Array, isLeftOut: (token: number) => boolean) {
    this.#bytesOf = bytesOf;
    this.#isLeftOut = isLeftOut;
  }

  add(token: number): string {
    return this.#isLeftOut(token) ? '' : this.#decoder.decode(this.#bytesOf(token), { stream: true });
  }

  finish(): string {
    return '';
  }
}
