/**
 * Invites: one secret with an end and a number of uses, by which a friend gets both a login that may ask and a join token.
 * All logins of an invite go by one API key that nobody knows, and each use has a join token of its own, so both end with it.
 */
import { randomUUID } from 'node:crypto';
import type { Invite } from '@potluck/api';
import type { InviteRow, RowStore } from './accountStores.ts';
import type { ApiKeys } from './apiKeys.ts';
import { codeMs, drawCode, plainCode } from './inviteCode.ts';
import type { JoinTokens } from './joinTokens.ts';
import type { Logins } from './logins.ts';
import { drawSecret, hashOfSecret, prefixOf } from './secretHash.ts';

export type InviteView = Omit<Invite, 'nodes'>;

/** What somebody gets who accepts an invite. */
export interface Accepted {
  invite: InviteView;
  /** With it, the device joins. */
  joinToken: string;
  /** Logins by this key may ask. */
  keyId: string;
}

/** Why an invite opens nothing. */
export type InviteProblem = 'unknown' | 'expired' | 'revoked' | 'used-up';

export interface InviteComponents {
  store: RowStore<InviteRow>;
  keys: Pick<ApiKeys, 'create' | 'revoke' | 'remove'>;
  joinTokens: Pick<JoinTokens, 'create' | 'revoke' | 'remove'>;
  logins: Pick<Logins, 'endAll'>;
}

export class Invites {
  readonly #components: InviteComponents;
  readonly #rows = new Map<string, InviteRow>();

  private constructor(components: InviteComponents) {
    this.#components = components;
  }

  static async load(components: InviteComponents): Promise<Invites> {
    const invites = new Invites(components);
    for (const row of await components.store.list()) invites.#rows.set(row.id, row);
    return invites;
  }

  /** Newest first. */
  get list(): InviteView[] {
    return [...this.#rows.values()].sort((one, other) => other.createdAt - one.createdAt).map(viewOf);
  }

  /** The join tokens of an invite: one for each use. */
  tokensOf(id: string): readonly string[] {
    return this.#rows.get(id)?.tokenIds ?? [];
  }

  /** Ids of keys and join tokens that belong to invites, and are listed there. */
  get parts(): Set<string> {
    return new Set([...this.#rows.values()].flatMap(({ keyId, tokenIds }) => [keyId, ...tokenIds]));
  }

  /** @returns the invite with its secret, and its code where one was wanted; neither is told again */
  async create(init: {
    name: string;
    expiresAt: number;
    mostUses: number;
    withCode: boolean;
  }): Promise<{ invite: InviteView; secret: string; code: string | null }> {
    const { name, expiresAt, mostUses, withCode } = init;
    const secret = drawSecret('invite');
    const code = withCode ? drawCode() : null;
    const createdAt = Date.now();
    const { key } = await this.#components.keys.create({
      name,
      scopes: ['ask'],
      limits: {},
      expiresAt: null,
    });
    const row: InviteRow = {
      id: randomUUID(),
      name,
      prefix: prefixOf(secret),
      hash: hashOfSecret(secret),
      codeHash: code === null ? null : codeHashOf(code),
      codeExpiresAt: code === null ? null : Math.min(expiresAt, createdAt + codeMs),
      createdAt,
      expiresAt,
      revokedAt: null,
      lastUsedAt: null,
      mostUses,
      uses: 0,
      keyId: key.id,
      tokenIds: [],
    };
    await this.#components.store.add(row);
    this.#rows.set(row.id, row);
    return { invite: viewOf(row), secret, code };
  }

  /**
   * Uses an invite up by one.
   * @param shown its secret, or its code as a person typed it
   * @returns what whoever showed it gets, or why there is nothing
   */
  async accept(shown: string, now = Date.now()): Promise<Accepted | InviteProblem> {
    const row = this.#find(shown, now);
    const problem = problemOf(row, now);
    if (!row || problem) return problem ?? 'unknown';
    // Counted before anything is waited for: those who come at the same moment must not share a use.
    const used = { uses: row.uses + 1, lastUsedAt: now };
    this.#setInMemory(row.id, used);
    await this.#components.store.change(row.id, used).catch((error: unknown) => {
      this.#setInMemory(row.id, { uses: (this.#rows.get(row.id)?.uses ?? 1) - 1 });
      throw error;
    });
    const { token, secret } = await this.#components.joinTokens.create({ name: row.name, expiresAt: null });
    const present = this.#rows.get(row.id);
    if (!present || present.revokedAt !== null) {
      await this.#components.joinTokens.remove(token.id);
      return 'revoked';
    }
    // Kept here before it is written: others may accept the same invite meanwhile.
    const tokenIds = [...present.tokenIds, token.id];
    this.#setInMemory(row.id, { tokenIds });
    await this.#components.store.change(row.id, { tokenIds });
    return { invite: viewOf(present), joinToken: secret, keyId: row.keyId };
  }

  /**
   * Ends an invite, the logins of those who accepted it, and their join tokens.
   * @returns the invite as it is now; undefined if there is none
   */
  async revoke(id: string): Promise<InviteView | undefined> {
    const row = this.#rows.get(id);
    if (!row) return undefined;
    if (row.revokedAt === null) await this.#change(id, { revokedAt: Date.now(), codeHash: null });
    await this.#endParts(row);
    return viewOf(this.#rows.get(id) ?? row);
  }

  /** Ends an invite as `revoke` does, and forgets it. @returns false if there is none */
  async remove(id: string): Promise<boolean> {
    const row = this.#rows.get(id);
    if (!row) return false;
    await this.revoke(id);
    const { keys, joinTokens, store } = this.#components;
    await keys.remove(row.keyId);
    for (const tokenId of this.tokensOf(id)) await joinTokens.remove(tokenId);
    await store.remove(id);
    return this.#rows.delete(id);
  }

  async #endParts({ id, keyId }: InviteRow): Promise<void> {
    const { keys, joinTokens, logins } = this.#components;
    await keys.revoke(keyId);
    await logins.endAll(keyId);
    for (const tokenId of this.tokensOf(id)) await joinTokens.revoke(tokenId);
  }

  #find(shown: string, now: number): InviteRow | undefined {
    const hash = hashOfSecret(shown);
    const code = plainCode(shown);
    const codeHash = code === undefined ? undefined : codeHashOf(code);
    return [...this.#rows.values()].find(
      (row) => row.hash === hash || (row.codeHash === codeHash && (row.codeExpiresAt ?? 0) > now),
    );
  }

  /** Written first: what was not written is not so. */
  async #change(id: string, change: Partial<InviteRow>): Promise<void> {
    await this.#components.store.change(id, change);
    this.#setInMemory(id, change);
  }

  #setInMemory(id: string, change: Partial<InviteRow>): void {
    const row = this.#rows.get(id);
    if (row) this.#rows.set(id, { ...row, ...change });
  }
}

function problemOf(row: InviteRow | undefined, now: number): InviteProblem | undefined {
  if (!row) return 'unknown';
  if (row.revokedAt !== null) return 'revoked';
  if (row.expiresAt <= now) return 'expired';
  return row.uses >= row.mostUses ? 'used-up' : undefined;
}

const codeHashOf = (code: string): string => hashOfSecret(`code ${plainCode(code) ?? ''}`);

function viewOf({
  hash: _hash,
  codeHash: _code,
  keyId: _key,
  tokenIds: _ids,
  ...view
}: InviteRow): InviteView {
  return view;
}
