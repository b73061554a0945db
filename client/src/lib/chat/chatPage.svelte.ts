/** What the rest of the app knows of the chat page. */

class ChatPage {
  /** Id of the conversation that was open last; null where that was a new one. */
  last = $state<string | null>(null);
  /** True where the person wants to search conversations there. */
  #isSearchWanted = false;

  /** The address of what was open there last, within the app. */
  get address(): '/' | `/?c=${string}` {
    return this.last === null ? '/' : `/?c=${this.last}`;
  }

  /** The page shall begin with the search. */
  wantSearch(): void {
    this.#isSearchWanted = true;
  }

  /** @returns true once after the search was wanted */
  takeSearch(): boolean {
    const isWanted = this.#isSearchWanted;
    this.#isSearchWanted = false;
    return isWanted;
  }
}

/** Of this page. */
export const chatPage = new ChatPage();
