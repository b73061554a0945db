/** Logins of browsers: a random cookie each, known by its hash. */
import type { Scope } from '@potluck/api';
import type { LoginRow, LoginStore } from './accountStores.ts';
import { drawSecret, hashOfSecret } from './secretHash.ts';

/** How long a login lasts. */
export const loginSeconds = 30 * 24 * 3600;

export class Logins {
  readonly #store: LoginStore;
  readonly #rows = new Map<string, LoginRow>();

  private constructor(store: LoginStore) {
    this.#store = store;
  }

  static async load(store: LoginStore): Promise<Logins> {
    const logins = new Logins(store);
    await store.removeExpired(Date.now());
    for (const row of await store.list()) logins.#rows.set(row.hash, row);
    return logins;
  }

  /** What a cookie stands for; undefined if it is unknown or over. */
  find(cookie: string, now = Date.now()): Pick<LoginRow, 'scopes' | 'keyId'> | undefined {
    const row = this.#rows.get(hashOfSecret(cookie));
    return row && row.expiresAt > now ? row : undefined;
  }

  /** @param keyId the API key with which it is made; null for the password */
  async create(scopes: Scope[], keyId: string | null): Promise<string> {
    const cookie = drawSecret('login');
    const now = Date.now();
    const hash = hashOfSecret(cookie);
    const row = { hash, scopes, keyId, createdAt: now, expiresAt: now + loginSeconds * 1000 };
    await this.#store.add(row);
    this.#rows.set(hash, row);
    return cookie;
  }

  async end(cookie: string): Promise<void> {
    const hash = hashOfSecret(cookie);
    await this.#store.remove(hash);
    this.#rows.delete(hash);
  }

  /** Ends all logins of a key; without one, all. */
  async endAll(keyId?: string): Promise<void> {
    await this.#store.removeAll(keyId);
    for (const [hash, row] of this.#rows) {
      if (keyId === undefined || row.keyId === keyId) this.#rows.delete(hash);
    }
  }
}
