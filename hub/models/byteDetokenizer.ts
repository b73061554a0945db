/**
 * The same as `Detokenizer` for tokenizers whose text is nothing but the bytes of its tokens: each token is looked at
 * once, where decoding the last few anew costs ten times as much.
 */
import type { TokenReader } from './detokenizer.ts';

const firstBeyondAscii = 0x80;

export class ByteDetokenizer implements TokenReader {
  readonly #bytesOf: (token: number) => Uint8Array;
  readonly #isLeftOut: (token: number) => boolean;
  /** Holds back the bytes of a character until its last one is there. */
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** True where the decoder may hold some back. */
  #mayHold = false;

  /** @param isLeftOut true for tokens that are no text */
  constructor(bytesOf: (token: number) => Uint8Array, isLeftOut: (token: number) => boolean) {
    this.#bytesOf = bytesOf;
    this.#isLeftOut = isLeftOut;
  }

  add(token: number): string {
    if (this.#isLeftOut(token)) return '';
    const bytes = this.#bytesOf(token);
    if (!this.#mayHold) {
      const text = asciiOf(bytes);
      if (text !== undefined) return text;
    }
    // Behind an ASCII character nothing is held back.
    if (bytes.length > 0) this.#mayHold = (bytes.at(-1) ?? 0) >= firstBeyondAscii;
    return this.#decoder.decode(bytes, { stream: true });
  }

  finish(): string {
    return '';
  }
}

/** Without the decoder, which costs several times as much as so few letters. @returns undefined where not all are ASCII */
function asciiOf(bytes: Uint8Array): string | undefined {
  let text = '';
  for (const byte of bytes) {
    if (byte >= firstBeyondAscii) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
