/** Join tokens: the hub's own, and those that the administrator made. */
import { randomUUID } from 'node:crypto';
import type { JoinToken } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { JoinTokenRow, RowStore } from './accountStores.ts';
import { OwnTokenGivenError } from './ownTokenGivenError.ts';
import { drawOwnToken, sameSecret } from './secrets.ts';
import { drawSecret, hashOfSecret, prefixOf } from './secretHash.ts';

/** Id of the hub's own token, from its secrets file or `--join-token`. */
export const ownJoinTokenId = 'hub';

/** Id of the token by which the hub's own local workers join; it lasts as long as the hub runs. */
const localJoinTokenId = 'local';

/** A use is written to the database at most this often: workers show their token for each blob. */
const lastUsedStepMs = 60_000;

export type JoinTokenView = Omit<JoinToken, 'nodes'>;

/** Keeps the hub's own token where it is read at the next start. */
export type KeepOwnToken = (token: string) => Promise<void>;

export class JoinTokens {
  readonly #store: RowStore<JoinTokenRow>;
  readonly #keepOwn: KeepOwnToken | undefined;
  #ownToken: string;
  readonly #localToken = drawSecret('local');
  /** Of tokens by which devices join that the operator brought. */
  readonly #trusted = new Set([localJoinTokenId]);
  readonly #rows = new Map<string, JoinTokenRow>();
  /** Since the hub was started. */
  #ownUsedAt: number | null = null;

  private constructor(store: RowStore<JoinTokenRow>, ownToken: string, keepOwn?: KeepOwnToken) {
    this.#store = store;
    this.#ownToken = ownToken;
    this.#keepOwn = keepOwn;
  }

  /** @param keepOwn undefined: the hub's own token can't be replaced while it runs */
  static async load(
    store: RowStore<JoinTokenRow>,
    ownToken: string,
    keepOwn?: KeepOwnToken,
  ): Promise<JoinTokens> {
    const tokens = new JoinTokens(store, ownToken, keepOwn);
    for (const row of await store.list()) tokens.#rows.set(row.id, row);
    return tokens;
  }

  /** The hub's own token, for links. */
  get own(): string {
    return this.#ownToken;
  }

  /** For the hub's own local workers. */
  get local(): string {
    return this.#localToken;
  }

  /** True where the operator brought whoever joins with it: nobody is asked to approve them. */
  isTrusted(id: string): boolean {
    return this.#trusted.has(id);
  }

  /** The hub's own first, then newest first. */
  get list(): JoinTokenView[] {
    const own = {
      id: ownJoinTokenId,
      name: hubText('hubs-own-token', {}),
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
    if (sameSecret(secret, this.#localToken)) return localJoinTokenId;
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

  /** @param isTrusted see the method of that name */
  async create(
    init: Pick<JoinTokenRow, 'name' | 'expiresAt'>,
    { isTrusted = false } = {},
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
    if (isTrusted) this.#trusted.add(row.id);
    return { token: viewOf(row), secret };
  }

  /**
   * Draws another token for the hub itself. The former one lets nobody new in.
   * @param stay true: who joined with the former one stays and comes back, as with a token that expired
   * @returns id of the former token as it is listed from now on; undefined where nobody stays
   * @throws OwnTokenGivenError where the hub was started with its token
   */
  async replaceOwn({ stay }: { stay: boolean }): Promise<string | undefined> {
    if (!this.#keepOwn) throw new OwnTokenGivenError();
    const former = this.#ownToken;
    const next = drawOwnToken();
    const now = Date.now();
    await this.#keepOwn(next);
    this.#ownToken = next;
    const lastUsedAt = this.#ownUsedAt;
    this.#ownUsedAt = null;
    if (!stay) return undefined;
    const row = {
      id: randomUUID(),
      name: "the hub's own, until it was replaced",
      prefix: former.slice(0, 4),
      hash: hashOfSecret(former),
      createdAt: now,
      expiresAt: now,
      revokedAt: null,
      lastUsedAt,
    };
    await this.#store.add(row);
    this.#rows.set(row.id, row);
    return row.id;
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
