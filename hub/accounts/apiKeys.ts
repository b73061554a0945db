/** API keys: made by the administrator, known by their hashes, looked up in memory. */
import { randomUUID } from 'node:crypto';
import type { ApiKey, KeyLimits, Scope } from '@potluck/api';
import type { ApiKeyRow, RowStore } from './accountStores.ts';
import { sameSecret } from './secrets.ts';
import { drawSecret, hashOfSecret, prefixOf } from './secretHash.ts';

/** A key that opened the door. */
export interface UsedKey {
  id: string;
  name: string;
  scopes: Scope[];
  limits: KeyLimits;
}

/** A use is written to the database at most this often. */
const lastUsedStepMs = 60_000;

/** Id of the hub's own key, from its secrets file or `--api-key`. */
const ownKeyId = 'hub';

export class ApiKeys {
  readonly #store: RowStore<ApiKeyRow>;
  readonly #ownKey: string;
  readonly #rows = new Map<string, ApiKeyRow>();

  private constructor(store: RowStore<ApiKeyRow>, ownKey: string) {
    this.#store = store;
    this.#ownKey = ownKey;
  }

  /** @param ownKey the hub's own: may ask, has no limits and can't be revoked */
  static async load(store: RowStore<ApiKeyRow>, ownKey: string): Promise<ApiKeys> {
    const keys = new ApiKeys(store, ownKey);
    for (const row of await store.list()) keys.#rows.set(row.id, row);
    return keys;
  }

  get list(): ApiKey[] {
    return [...this.#rows.values()]
      .sort((one, other) => other.createdAt - one.createdAt)
      .map(({ hash: _hash, ...key }) => key);
  }

  /** @returns the key; why it does not open any more; undefined if there never was such a key */
  use(secret: string, now = Date.now()): UsedKey | 'expired' | 'revoked' | undefined {
    if (sameSecret(secret, this.#ownKey)) {
      return { id: ownKeyId, name: "the hub's own key", scopes: ['ask'], limits: {} };
    }
    const hash = hashOfSecret(secret);
    const row = [...this.#rows.values()].find((one) => one.hash === hash);
    if (!row) return undefined;
    if (row.revokedAt !== null) return 'revoked';
    if (row.expiresAt !== null && row.expiresAt <= now) return 'expired';
    if ((row.lastUsedAt ?? 0) < now - lastUsedStepMs) {
      // Nothing hangs on it, and the next request must not write it again.
      this.#setInMemory(row.id, { lastUsedAt: now });
      void this.#store.change(row.id, { lastUsedAt: now }).catch(() => undefined);
    }
    return row;
  }

  /** The key of a login, if it still opens. */
  find(id: string, now = Date.now()): UsedKey | undefined {
    if (id === ownKeyId) return { id, name: "the hub's own key", scopes: ['ask'], limits: {} };
    const row = this.#rows.get(id);
    if (!row || row.revokedAt !== null || (row.expiresAt ?? Infinity) <= now) return undefined;
    return row;
  }

  async create(
    init: Pick<ApiKeyRow, 'name' | 'scopes' | 'limits' | 'expiresAt'>,
  ): Promise<{ key: ApiKey; secret: string }> {
    const secret = drawSecret('sk-potluck');
    const key = {
      id: randomUUID(),
      ...init,
      prefix: prefixOf(secret),
      createdAt: Date.now(),
      revokedAt: null,
      lastUsedAt: null,
    };
    const row = { ...key, hash: hashOfSecret(secret) };
    await this.#store.add(row);
    this.#rows.set(row.id, row);
    return { key, secret };
  }

  /** @returns the key as it is now; undefined if there is none */
  async revoke(id: string): Promise<ApiKey | undefined> {
    const row = this.#rows.get(id);
    // What can't be kept is told, and can be tried again.
    if (row && row.revokedAt === null) await this.#change(id, { revokedAt: Date.now() });
    return this.list.find((key) => key.id === id);
  }

  /** @returns false if there is none */
  async remove(id: string): Promise<boolean> {
    if (!this.#rows.has(id)) return false;
    await this.#store.remove(id);
    return this.#rows.delete(id);
  }

  /** Written first: what was not written is not so. */
  async #change(id: string, change: Partial<ApiKeyRow>): Promise<void> {
    await this.#store.change(id, change);
    this.#setInMemory(id, change);
  }

  #setInMemory(id: string, change: Partial<ApiKeyRow>): void {
    const row = this.#rows.get(id);
    if (row) this.#rows.set(id, { ...row, ...change });
  }
}
