/** Turns tokens into text as they come, never splitting a code point or a word piece that depends on its neighbour. */

const replacementCharacter = '\uFFFD';

/** Text of a growing list of tokens; the texts that `add` and `finish` return join to the whole answer. */
export class Detokenizer {
  readonly #decode: (tokens: number[]) => string;
  /** Tokens since the last safe place; the ones before `#emittedCount` are context for those after. */
  #tokens: number[] = [];
  #emittedCount = 0;
  #emittedText = '';

  constructor(decode: (tokens: number[]) => string) {
    this.#decode = decode;
  }

  /** @returns the text that this token completes; empty while a code point is incomplete */
  add(token: number): string {
    this.#tokens.push(token);
    const text = this.#decode(this.#tokens);
    // An incomplete code point decodes to U+FFFD at the end; the next token may complete it.
    if (text.length <= this.#emittedText.length || text.endsWith(replacementCharacter)) return '';
    return this.#emit(text);
  }

  /** @returns what was held back, at the end of the answer */
  finish(): string {
    const text = this.#decode(this.#tokens);
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
