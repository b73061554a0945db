/** Short words at the edge of the page about what was just done, or why not. */

export interface Notice {
  id: number;
  text: string;
  tone: 'good' | 'bad';
}

/** Good news goes by itself; bad news stays until it is closed, the person tries again or goes to another page. */
const shownMs = 4000;

class Notices {
  list = $state.raw<Notice[]>([]);
  #count = 0;

  say(text: string): void {
    const id = this.#add(text, 'good');
    setTimeout(() => this.close(id), shownMs);
  }

  /** Said once, as long as it is shown. */
  warn(text: string): void {
    if (!this.list.some((notice) => notice.text === text)) this.#add(text, 'bad');
  }

  endWarnings(): void {
    this.list = this.list.filter(({ tone }) => tone !== 'bad');
  }

  /** Ends them all: they belong to a page that the person has left. */
  clear(): void {
    this.list = [];
  }

  close(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  #add(text: string, tone: Notice['tone']): number {
    this.#count += 1;
    this.list = [...this.list.slice(-3), { id: this.#count, text, tone }];
    return this.#count;
  }
}

export const notices = new Notices();
