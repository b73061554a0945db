/** Keeps a scrolling element at its end while text arrives, unless the person scrolled away. */

/** Nearer to the end than this counts as being there, in pixels. */
const nearEndPx = 48;

export class StickToEnd {
  isAtEnd = $state(true);
  #element: HTMLElement | undefined;

  /** To be attached to the element. */
  attach = (element: HTMLElement): (() => void) => {
    this.#element = element;
    const onscroll = (): void => {
      this.isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < nearEndPx;
    };
    element.addEventListener('scroll', onscroll, { passive: true });
    return () => element.removeEventListener('scroll', onscroll);
  };

  /** Goes to the end, and stays there from now on. */
  stick(): void {
    this.isAtEnd = true;
    requestAnimationFrame(() => this.#element?.scrollTo({ top: this.#element.scrollHeight }));
  }

  /** Called after each change of what the element shows; the argument is what changed. */
  follow(_text: string | undefined): void {
    if (this.isAtEnd) this.#element?.scrollTo({ top: this.#element.scrollHeight });
  }
}
