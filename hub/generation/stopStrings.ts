/** Ends a text at the first of several strings, without ever letting a part of one out. */

export class StopStrings {
  readonly #strings: string[];
  #held = '';
  #stopped = false;

  /** Empty strings stop nothing. */
  constructor(strings: string[]) {
    this.#strings = strings.filter((text) => text !== '');
  }

  /** True once a stop string came. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Takes more text. @returns what can't be a part of a stop string any more */
  add(text: string): string {
    if (this.#stopped) return '';
    const all = this.#held + text;
    const found = this.#strings.map((stop) => all.indexOf(stop)).filter((index) => index >= 0);
    if (found.length > 0) {
      this.#stopped = true;
      this.#held = '';
      return all.slice(0, Math.min(...found));
    }
    const keep = this.#lengthOfStart(all);
    this.#held = all.slice(all.length - keep);
    return all.slice(0, all.length - keep);
  }

  /** @returns what was held back, when the answer ended otherwise */
  finish(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  /** Length of the longest end of `text` that a stop string starts with. */
  #lengthOfStart(text: string): number {
    const longest = Math.max(0, ...this.#strings.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const end = text.slice(text.length - length);
      if (this.#strings.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
