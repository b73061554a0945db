/** The key by which this browser asks a hub that it does not run beside. */

const storageKey = 'potluck:key';

class HubKey {
  #value = $state(read());
  /** True since the hub refused this browser; the layout then asks for a key. */
  wanted = $state(false);

  get value(): string | undefined {
    return this.#value;
  }

  /** Keeps a key for this browser; undefined forgets it. */
  set(value: string | undefined): void {
    this.#value = value;
    this.wanted = false;
    try {
      if (value === undefined) localStorage.removeItem(storageKey);
      else localStorage.setItem(storageKey, value);
    } catch {
      // Storage is forbidden here: the key lasts as long as the page.
    }
  }
}

function read(): string | undefined {
  try {
    return localStorage.getItem(storageKey) ?? undefined;
  } catch {
    return undefined;
  }
}

export const hubKey = new HubKey();
