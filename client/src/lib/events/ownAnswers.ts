interface Waiting {
  begin: () => void;
  /** Called where it has to wait for other answers. */
  onWait: () => void;
}

/** The answers that this page receives or waits for. The shared worker says when each may begin. */
export class OwnAnswers {
  readonly #answers = new Map<string, Waiting>();
  #tell: (() => void) | undefined;

  get ids(): string[] {
    return [...this.#answers.keys()];
  }

  /** From now on `tell` is called at each change of `ids`, and `admit` is called in turn. */
  coordinate(tell: () => void): void {
    this.#tell = tell;
  }

  /** Nobody coordinates the pages (any more): answers begin at once. A page asks for one at a time. */
  standAlone(): void {
    this.#tell = undefined;
    for (const { begin } of this.#answers.values()) begin();
  }

  /** @param admitted ids of all answers that may come now, those of other pages too */
  admit(admitted: readonly string[]): void {
    for (const [id, { begin, onWait }] of this.#answers) {
      if (admitted.includes(id)) begin();
      else onWait();
    }
  }

  /**
   * Resolves when the answer may begin.
   * @param onWait called where that takes until another answer has ended
   * @returns a function to call at its end
   * @throws whatever `signal` aborts with while it waits
   */
  async take(id: string, signal: AbortSignal, onWait: () => void): Promise<() => void> {
    const leave = (): void => {
      this.#answers.delete(id);
      this.#tell?.();
    };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    let hasBegun = false;
    const begin = (): void => {
      hasBegun = true;
      resolve();
    };
    this.#answers.set(id, { begin, onWait: () => hasBegun || onWait() });
    if (this.#tell) this.#tell();
    else begin();
    try {
      await promise;
      signal.throwIfAborted();
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }
}

export const ownAnswers = new OwnAnswers();
