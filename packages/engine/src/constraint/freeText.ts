/** Finds the text after which an answer is held to a grammar: until then the model writes what it likes. */

/** What a token makes of the text so far. */
export type FreeStep =
  /** Still free. */
  | { type: 'free' }
  /** The text is complete with this token. */
  | { type: 'found' }
  /** The text is complete inside of this token: only so many of its bytes may come. */
  | { type: 'cut'; bytes: number };

export class FreeText {
  readonly #mark: Uint8Array;
  /** The last bytes, as many as the mark may have begun with. */
  #tail: number[] = [];

  /** @param mark the text, at least one byte */
  constructor(mark: Uint8Array) {
    this.#mark = mark;
  }

  /** Bytes of the mark that are still to come, as far as it has begun. */
  get missing(): Uint8Array {
    for (let length = Math.min(this.#tail.length, this.#mark.length - 1); length > 0; length--) {
      const start = this.#tail.length - length;
      if (this.#mark.subarray(0, length).every((byte, index) => byte === this.#tail[start + index])) {
        return this.#mark.subarray(length);
      }
    }
    return this.#mark;
  }

  /** What the next token does, which changes nothing yet. */
  look(token: Uint8Array): FreeStep {
    const all = Uint8Array.from([...this.#tail, ...token]);
    const end = endOf(all, this.#mark);
    if (end < 0) return { type: 'free' };
    const rest = all.subarray(end);
    // Blanks behind a mark belong to nobody.
    if (rest.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) {
      return { type: 'found' };
    }
    return { type: 'cut', bytes: end - this.#tail.length };
  }

  take(token: Uint8Array): void {
    this.#tail = [...this.#tail, ...token].slice(-(this.#mark.length - 1 || Infinity));
    if (this.#mark.length === 1) this.#tail = [];
  }

  /** What `restore` takes. */
  get state(): readonly number[] {
    return this.#tail;
  }

  restore(state: readonly number[]): void {
    this.#tail = [...state];
  }
}

/** Where the first one ends; -1 where there is none. */
function endOf(bytes: Uint8Array, mark: Uint8Array): number {
  for (let start = 0; start + mark.length <= bytes.length; start++) {
    if (mark.every((byte, index) => bytes[start + index] === byte)) return start + mark.length;
  }
  return -1;
}
