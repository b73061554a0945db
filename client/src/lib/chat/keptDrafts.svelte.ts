/** What people began to write, while the app's page lives, and over a reload of its tab. */
import { moved, newPlace, readDrafts, withDraft, withoutSent, writeDrafts, type Drafts } from './drafts.ts';

const storageKey = 'potluck:drafts';

class KeptDrafts {
  #all = $state.raw<Drafts>(readDrafts(stored()));

  constructor() {
    addEventListener('pagehide', () => store(writeDrafts(this.#all)));
  }

  /** Empty where nothing was written. */
  of(place: string): string {
    return this.#all.get(place) ?? '';
  }

  write(place: string, text: string): void {
    if (text !== this.of(place)) this.#all = withDraft(this.#all, place, text);
  }

  /** What is written for `from` is meant for `to` now. */
  move(from: string, to: string): void {
    this.#all = moved(this.#all, from, to);
  }

  sent(places: readonly string[], words: string): void {
    this.#all = withoutSent(this.#all, places, words);
  }

  /** Its conversation is deleted. */
  forget(place: string): void {
    this.write(place, '');
  }

  /** All conversations are deleted: what is meant for a new one stays. */
  forgetConversations(): void {
    this.#all = withDraft(new Map(), newPlace, this.of(newPlace));
  }

  /** Somebody else may come. */
  forgetAll(): void {
    this.#all = new Map();
  }
}

/** Where storage is forbidden, drafts last as long as the page. */
function stored(): string | null {
  try {
    return sessionStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

function store(drafts: string): void {
  try {
    sessionStorage.setItem(storageKey, drafts);
  } catch {
    // They end with the page.
  }
}

/** Of this page. */
export const keptDrafts = new KeptDrafts();
