/** API keys, join tokens, invites and logins in the database: hashes, never the secrets themselves. */
import type { LibSQLDatabase } from 'drizzle-orm/libsql';
import type { ApiKeyRow, InviteRow, JoinTokenRow, LoginStore, RowStore } from '../accounts/accountStores.ts';
import { desc, eq, lt } from './drizzle.ts';
import { apiKeys, invites, joinTokens, logins } from './schema.ts';

export function apiKeyStore(database: LibSQLDatabase): RowStore<ApiKeyRow> {
  return {
    list: () => database.select().from(apiKeys).orderBy(desc(apiKeys.createdAt)),
    add: async (row) => void (await database.insert(apiKeys).values(row)),
    change: async (id, change) => void (await database.update(apiKeys).set(change).where(eq(apiKeys.id, id))),
    remove: async (id) => void (await database.delete(apiKeys).where(eq(apiKeys.id, id))),
  };
}

export function joinTokenStore(database: LibSQLDatabase): RowStore<JoinTokenRow> {
  return {
    list: () => database.select().from(joinTokens).orderBy(desc(joinTokens.createdAt)),
    add: async (row) => void (await database.insert(joinTokens).values(row)),
    change: async (id, change) =>
      void (await database.update(joinTokens).set(change).where(eq(joinTokens.id, id))),
    remove: async (id) => void (await database.delete(joinTokens).where(eq(joinTokens.id, id))),
  };
}

export function inviteStore(database: LibSQLDatabase): RowStore<InviteRow> {
  return {
    list: () => database.select().from(invites).orderBy(desc(invites.createdAt)),
    add: async (row) => void (await database.insert(invites).values(row)),
    change: async (id, change) => void (await database.update(invites).set(change).where(eq(invites.id, id))),
    remove: async (id) => void (await database.delete(invites).where(eq(invites.id, id))),
  };
}

export function loginStore(database: LibSQLDatabase): LoginStore {
  return {
    list: () => database.select().from(logins),
    add: async (row) => void (await database.insert(logins).values(row)),
    remove: async (hash) => void (await database.delete(logins).where(eq(logins.hash, hash))),
    removeAll: async (keyId) =>
      void (await database.delete(logins).where(keyId === undefined ? undefined : eq(logins.keyId, keyId))),
    removeExpired: async (now) => void (await database.delete(logins).where(lt(logins.expiresAt, now))),
  };
}
