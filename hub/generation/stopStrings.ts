/** Ends a text at the first of several strings, without ever letting a part of one out. */
import { lengthOfStart } from './lengthOfStart.ts';

/** Text in its order; what is hidden is looked at and never let out. */
interface Piece {
  text: string;
  hidden: boolean;
}

export class StopStrings {
  readonly #strings: string[];
  readonly #shows: boolean;
  #held: Piece[] = [];
  #stoppedBy: string | undefined;

  /** @param strings of which empty ones stop nothing @param shows true to let the string out that stopped */
  constructor(strings: string[], shows = false) {
    this.#shows = shows;
    this.#strings = strings.filter((text) => text !== '');
  }

  /** True once a stop string came. */
  get stopped(): boolean {
    return this.#stoppedBy !== undefined;
  }

  /** The stop string that came. */
  get stoppedBy(): string | undefined {
    return this.#stoppedBy;
  }

  /**
   * Takes more text.
   * @param hidden true for text that may stop the answer and is no part of it, such as a special token's
   * @returns what can't be a part of a stop string any more
   */
  add(text: string, hidden = false): string {
    if (this.stopped || text === '') return '';
    if (this.#strings.length === 0) return hidden ? '' : text;
    this.#held.push({ text, hidden });
    const all = this.#held.map((piece) => piece.text).join('');
    const found = this.#strings
      .map((stop) => ({ stop, index: all.indexOf(stop), end: all.indexOf(stop) + stop.length }))
      .filter(({ index }) => index >= 0);
    if (found.length > 0) {
      const first = found.reduce((one, other) => (other.index < one.index ? other : one));
      this.#stoppedBy = first.stop;
      const out = this.#letOut(this.#shows ? first.end : first.index);
      this.#held = [];
      return out;
    }
    return this.#letOut(all.length - lengthOfStart(all, this.#strings));
  }

  /** @returns what was held back, when the answer ended otherwise */
  finish(): string {
    return this.#letOut(Infinity);
  }

  /** Takes the first `length` characters of what is held. @returns the part of them that may be seen */
  #letOut(length: number): string {
    let out = '';
    let left = length;
    while (left > 0) {
      const piece = this.#held.shift();
      if (!piece) break;
      if (!piece.hidden) out += piece.text.slice(0, left);
      if (piece.text.length > left) this.#held.unshift({ ...piece, text: piece.text.slice(left) });
      left -= piece.text.length;
    }
    return out;
  }
}
