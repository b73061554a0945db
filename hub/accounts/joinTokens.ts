/** Join tokens: the hub's own, and those that the administrator made. */
import { randomUUID } from 'node:crypto';
import type { JoinToken } from '@potluck/api';
import type { JoinTokenRow, RowStore } from './accountStores.ts';
import { sameSecret } from './secrets.ts';
import { drawSecret, hashOfSecret, prefixOf } from './secretHash.ts';

/** Id of the hub's own token, from its secrets file or `--join-token`. */
export const ownJoinTokenId = 'hub';

/** A use is written to the database at most this often: workers show their token for each blob. */
const lastUsedStepMs = 60_000;

export type JoinTokenView = Omit<JoinToken, 'nodes'>;

export class JoinTokens {
  readonly #store: RowStore<JoinTokenRow>;
  readonly #ownToken: string;
  readonly #rows = new Map<string, JoinTokenRow>();
  /** Since the hub was started. */
  #ownUsedAt: number | null = null;

  private constructor(store: RowStore<JoinTokenRow>, ownToken: string) {
    this.#store = store;
    this.#ownToken = ownToken;
  }

  static async load(store: RowStore<JoinTokenRow>, ownToken: string): Promise<JoinTokens> {
    const tokens = new JoinTokens(store, ownToken);
    for (const row of await store.list()) tokens.#rows.set(row.id, row);
    return tokens;
  }

  /** The hub's own first, then newest first. */
  get list(): JoinTokenView[] {
    const own = {
      id: ownJoinTokenId,
      name: "the hub's own",
      prefix: this.#ownToken.slice(0, 4),
      createdAt: 0,
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: this.#ownUsedAt,
      permanent: true,
    };
    const made = [...this.#rows.values()].sort((one, other) => other.createdAt - one.createdAt);
    return [own, ...made.map(viewOf)];
  }

  /** Id of the token with this secret; undefined if there is none, or it is over. */
  idOf(secret: string, now = Date.now()): string | undefined {
    if (sameSecret(secret, this.#ownToken)) {
      this.#ownUsedAt = now;
      return ownJoinTokenId;
    }
    const row = this.#rowOf(secret);
    if (!row || isExpired(row, now)) return undefined;
    if ((row.lastUsedAt ?? 0) < now - lastUsedStepMs) {
      // Nothing hangs on it, and the next request must not write it again.
      this.#setInMemory(row.id, { lastUsedAt: now });
      void this.#store.change(row.id, { lastUsedAt: now }).catch(() => undefined);
    }
    return row.id;
  }

  /** Id of the token with this secret that ran out by itself: nobody new joins with it, but who did stays and comes back. */
  expiredIdOf(secret: string, now = Date.now()): string | undefined {
    const row = this.#rowOf(secret);
    return row && isExpired(row, now) ? row.id : undefined;
  }

  async create(
    init: Pick<JoinTokenRow, 'name' | 'expiresAt'>,
  ): Promise<{ token: JoinTokenView; secret: string }> {
    const secret = drawSecret('join');
    const row = {
      id: randomUUID(),
      ...init,
      prefix: prefixOf(secret),
      hash: hashOfSecret(secret),
      createdAt: Date.now(),
      revokedAt: null,
      lastUsedAt: null,
    };
    await this.#store.add(row);
    this.#rows.set(row.id, row);
    return { token: viewOf(row), secret };
  }

  /** @returns the token as it is now; undefined if there is none */
  async revoke(id: string): Promise<JoinTokenView | undefined> {
    const row = this.#rows.get(id);
    // What can't be kept is told, and can be tried again.
    if (row && row.revokedAt === null) await this.#change(id, { revokedAt: Date.now() });
    return this.list.find((token) => token.id === id);
  }

  /** @returns false if there is none */
  async remove(id: string): Promise<boolean> {
    if (!this.#rows.has(id)) return false;
    await this.#store.remove(id);
    return this.#rows.delete(id);
  }

  /** Revoked ones count as none. */
  #rowOf(secret: string): JoinTokenRow | undefined {
    const hash = hashOfSecret(secret);
    return [...this.#rows.values()].find((row) => row.hash === hash && row.revokedAt === null);
  }

  /** Written first: what was not written is not so. */
  async #change(id: string, change: Partial<JoinTokenRow>): Promise<void> {
    await this.#store.change(id, change);
    this.#setInMemory(id, change);
  }

  #setInMemory(id: string, change: Partial<JoinTokenRow>): void {
    const row = this.#rows.get(id);
    if (row) this.#rows.set(id, { ...row, ...change });
  }
}

const isExpired = ({ expiresAt }: JoinTokenRow, now: number): boolean => (expiresAt ?? Infinity) <= now;

function viewOf({ hash: _hash, ...row }: JoinTokenRow): JoinTokenView {
  return { ...row, permanent: false };
}
