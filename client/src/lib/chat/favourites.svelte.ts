/** Models that this browser's person likes best. */
import { SvelteSet } from 'svelte/reactivity';
import { keepIds, readIds } from '#lib/browser/keptIds.ts';

const storageKey = 'potluck:favourite-models';
const most = 50;

class Favourites {
  readonly #ids = new SvelteSet<string>(readIds(storageKey).slice(0, most));

  has(model: string): boolean {
    return this.#ids.has(model);
  }

  turn(model: string): void {
    if (!this.#ids.delete(model)) this.#ids.add(model);
    keepIds(storageKey, [...this.#ids].slice(-most));
  }
}

export const favourites = new Favourites();
