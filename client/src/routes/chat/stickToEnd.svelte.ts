/** Keeps a scrolling element at its end while it grows, unless the person scrolled away. */

/** Nearer to the end than this counts as being there, in pixels. */
const nearEndPx = 48;
/** How much of what is seen a page is: a line or two are seen again. */
const pageShare = 0.875;

export class StickToEnd {
  isAtEnd = $state(true);
  #element: HTMLElement | undefined;

  /** To be attached to the element that scrolls. */
  attach = (element: HTMLElement): (() => void) => {
    this.#element = element;
    this.isAtEnd = true;
    let before = 0;
    const onscroll = (): void => {
      const { scrollTop } = element;
      const isNear = element.scrollHeight - scrollTop - element.clientHeight < nearEndPx;
      // Nobody scrolled away where only the content grew.
      this.isAtEnd = isNear || (this.isAtEnd && scrollTop >= before);
      before = scrollTop;
    };
    // What takes room from it, such as an error below it, hides nothing either.
    const observer = new ResizeObserver(() => this.#follow());
    observer.observe(element);
    element.addEventListener('scroll', onscroll, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', onscroll);
    };
  };

  /** To be attached to what it shows. */
  watch = (content: HTMLElement): (() => void) => {
    const observer = new ResizeObserver(() => this.#follow());
    observer.observe(content);
    return () => observer.disconnect();
  };

  /** Goes to the end, and stays there from now on. */
  stick(): void {
    this.isAtEnd = true;
    requestAnimationFrame(() => this.#follow());
  }

  /** Goes a page back (-1) or on (1), as the keys for that do. */
  turnPage(by: -1 | 1): void {
    const element = this.#element;
    element?.scrollBy({ top: by * element.clientHeight * pageShare });
  }

  /** To be called before something is added above what is seen. @returns a function to be called afterwards */
  holdPlace(): () => void {
    const element = this.#element;
    if (!element) return () => undefined;
    const fromEnd = element.scrollHeight - element.scrollTop;
    // Browsers that hold the place by themselves would do it a second time.
    element.style.overflowAnchor = 'none';
    return () => {
      element.scrollTop = element.scrollHeight - fromEnd;
      element.style.overflowAnchor = '';
    };
  }

  #follow(): void {
    if (this.isAtEnd) this.#element?.scrollTo({ top: this.#element.scrollHeight });
  }
}
