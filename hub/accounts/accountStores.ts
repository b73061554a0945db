/** What is kept of keys, tokens and logins: hashes, never the secrets themselves. Times are Unix milliseconds. */
import type { KeyLimits, Scope } from '@potluck/api';
import type { ValueStore } from '../settings/valueStore.ts';

export interface JoinTokenRow {
  id: string;
  name: string;
  /** How the secret begins, so that people know it again. */
  prefix: string;
  hash: string;
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
}

export interface ApiKeyRow extends JoinTokenRow {
  scopes: Scope[];
  limits: KeyLimits;
}

/** An invite. `tokenIds` are the join tokens of those who accepted it, `keyId` the API key of their logins. */
export interface InviteRow extends JoinTokenRow {
  expiresAt: number;
  /** Null where there is no code. */
  codeHash: string | null;
  codeExpiresAt: number | null;
  mostUses: number;
  uses: number;
  keyId: string;
  tokenIds: string[];
}

export interface LoginRow {
  hash: string;
  scopes: Scope[];
  /** The API key with which it was made. */
  keyId: string | null;
  createdAt: number;
  expiresAt: number;
}

/** Rows of one kind, newest first. */
export interface RowStore<Row extends { id: string }> {
  list(): Promise<Row[]>;
  add(row: Row): Promise<void>;
  change(id: string, change: Partial<Row>): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface LoginStore {
  list(): Promise<LoginRow[]>;
  add(row: LoginRow): Promise<void>;
  remove(hash: string): Promise<void>;
  /** All of one key; without one, all. */
  removeAll(keyId?: string): Promise<void>;
  removeExpired(now: number): Promise<void>;
}

export interface AccountStores {
  apiKeys: RowStore<ApiKeyRow>;
  joinTokens: RowStore<JoinTokenRow>;
  invites: RowStore<InviteRow>;
  logins: LoginStore;
  values: ValueStore;
}
