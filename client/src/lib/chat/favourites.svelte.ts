/** Models that this browser's person likes best. */
import { SvelteSet } from 'svelte/reactivity';

const storageKey = 'potluck:favourite-models';
const most = 50;

class Favourites {
  readonly #ids = new SvelteSet<string>(read());

  has(model: string): boolean {
    return this.#ids.has(model);
  }

  turn(model: string): void {
    if (!this.#ids.delete(model)) this.#ids.add(model);
    try {
      localStorage.setItem(storageKey, JSON.stringify([...this.#ids].slice(-most)));
    } catch {
      // They last as long as the page.
    }
  }
}

function read(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string').slice(0, most) : [];
  } catch {
    return [];
  }
}

export const favourites = new Favourites();
