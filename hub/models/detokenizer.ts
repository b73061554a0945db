/** Turns tokens into text as they come, never splitting a code point or a word piece that depends on its neighbour. */

const replacementCharacter = '\uFFFD';

/** Reads tokens as they come; what `add` and `finish` return joins to the whole text. */
export interface TokenReader {
  /** @returns the text that this token completes; empty while a code point is incomplete */
  add(token: number): string;
  /** @returns what was held back, at the end of the answer; of a character whose end is missing, nothing */
  finish(): string;
}

/** Text of a growing list of tokens; the texts that `add` and `finish` return join to the whole answer. */
export class Detokenizer implements TokenReader {
  readonly #decode: (tokens: number[]) => string;
  readonly #bytesOf: (token: number) => Uint8Array;
  /** Tokens since the last safe place; the ones before `#emittedCount` are context for those after. */
  #tokens: number[] = [];
  #emittedCount = 0;
  #emittedText = '';

  /** @param bytesOf a token, by which an incomplete character is told from a real U+FFFD */
  constructor(decode: (tokens: number[]) => string, bytesOf: (token: number) => Uint8Array) {
    this.#decode = decode;
    this.#bytesOf = bytesOf;
  }

  add(token: number): string {
    this.#tokens.push(token);
    const text = this.#decode(this.#tokens);
    // An incomplete code point decodes to U+FFFD at the end; the next token may complete it.
    if (text.length <= this.#emittedText.length || text.endsWith(replacementCharacter)) return '';
    return this.#emit(text);
  }

  finish(): string {
    const decoded = this.#decode(this.#tokens);
    const bytes = this.#tokens.flatMap((token) => [...this.#bytesOf(token)]);
    const missing = incompleteBytes(bytes);
    // Some tokenizers write one U+FFFD for all bytes of the character, some one for each.
    const real = missing === 0 ? Infinity : replacementsAtEnd(bytes.slice(0, -missing));
    const run = /\uFFFD*$/.exec(decoded)?.[0].length ?? 0;
    const text = run > real ? decoded.slice(0, decoded.length - (run - real)) : decoded;
    return text.length > this.#emittedText.length ? this.#emit(text) : '';
  }

  /** The tokens emitted last stay as context, since some tokenizers drop a space at the start of what they decode. */
  #emit(text: string): string {
    const fresh = text.slice(this.#emittedText.length);
    this.#tokens = this.#tokens.slice(this.#emittedCount);
    this.#emittedCount = this.#tokens.length;
    this.#emittedText = this.#decode(this.#tokens);
    return fresh;
  }
}

/** How many bytes at the end begin a character in UTF-8 that does not end there. */
function incompleteBytes(bytes: readonly number[]): number {
  for (let count = 1; count <= Math.min(3, bytes.length); count++) {
    const byte = bytes[bytes.length - count] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > count ? count : 0;
  }
  return 0;
}

/** How many times U+FFFD itself stands at the end. */
function replacementsAtEnd(bytes: readonly number[]): number {
  let count = 0;
  while (bytes.slice(bytes.length - 3 * (count + 1), bytes.length - 3 * count).join() === '239,191,189')
    count++;
  return count;
}
