/** What a person types is looked for once the person pauses, not at every key. */

/** A shorter pause lies between two keys, in milliseconds. */
const pauseMs = 300;

export class TypingPause {
  readonly #look: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(look: () => void) {
    this.#look = look;
  }

  /** A key was pressed. */
  typed(): void {
    this.stop();
    this.#timer = setTimeout(() => this.end(), pauseMs);
  }

  /** The person is done: it is looked for at once. */
  end(): void {
    this.stop();
    this.#look();
  }

  /** Nobody wants it any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
