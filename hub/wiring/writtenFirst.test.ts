import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase, type Database } from '../database/database.ts';
import { HubSettings } from '../settings/hubSettings.ts';
import { SettingsConflict } from '../settings/settingsErrors.ts';
import { loadAccess, type AccessControl } from '../accounts/accessControl.ts';

const identity = { apiKey: 'own key', joinToken: 'own token' };
let directory: string;
let database: Database;
/** While it is true, the disk takes nothing. */
let isFull = false;
let access: AccessControl;
let settings: HubSettings;

/** The same store, whose writes fail while the disk is full. */
function onFullDisk<Store extends object>(store: Store): Store {
  const reads = ['list', 'get'];
  return new Proxy(store, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...values: unknown[]) => Promise<unknown>;
      return async (...values: unknown[]) => {
        if (isFull && !reads.includes(String(name))) throw new Error('the disk is full');
        return method(...values);
      };
    },
  });
}

beforeEach(async () => {
  isFull = false;
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-access-'));
  const real = await openDatabase(directory);
  const { apiKeys, joinTokens, logins, values } = real;
  database = {
    ...real,
    apiKeys: onFullDisk(apiKeys),
    joinTokens: onFullDisk(joinTokens),
    logins: onFullDisk(logins),
    values: onFullDisk(values),
  };
  access = await loadAccess(database, identity);
  settings = await HubSettings.load(database.values, { modelDirectories: [] });
});

afterEach(async () => {
  await database.close();
  await rm(directory, { recursive: true, force: true });
});

test('what could not be written has not changed: keys, join tokens, logins, settings', async () => {
  const { keys, joinTokens, logins } = access;
  const { key, secret } = await keys.create({ name: 'Ben', scopes: ['ask'], limits: {}, expiresAt: null });
  const { token, secret: joinSecret } = await joinTokens.create({ name: 'neighbours', expiresAt: null });
  const cookie = await logins.create(['ask'], null);
  const before = settings.current;
  isFull = true;
  for (const change of [
    () => keys.revoke(key.id),
    () => keys.remove(key.id),
    () => joinTokens.revoke(token.id),
    () => joinTokens.remove(token.id),
    () => logins.end(cookie),
    () => logins.endAll(),
    () => settings.change({ revision: before.revision, retentionDays: 1 }),
  ]) {
    await expect(change()).rejects.toThrow('the disk is full');
  }
  expect(keys.use(secret)).toMatchObject({ id: key.id });
  expect(joinTokens.idOf(joinSecret)).toBe(token.id);
  expect(logins.find(cookie)).toBeDefined();
  expect(settings.current).toEqual(before);

  // Tried again, it works.
  isFull = false;
  await keys.revoke(key.id);
  await joinTokens.revoke(token.id);
  await logins.endAll();
  await settings.change({ revision: before.revision, retentionDays: 1 });
  expect(keys.use(secret)).toBe('revoked');
  expect(joinTokens.idOf(joinSecret)).toBeUndefined();
  expect(logins.find(cookie)).toBeUndefined();
  expect(settings.current).toMatchObject({ retentionDays: 1 });
});

test('of two changes to the same revision of the settings, one is refused', async () => {
  const { revision } = settings.current;
  const changes = await Promise.allSettled([
    settings.change({ revision, retentionDays: 1 }),
    settings.change({ revision, retentionDays: 2 }),
  ]);
  expect(changes).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: expect.any(SettingsConflict) as SettingsConflict },
  ]);
  expect(settings.current.retentionDays).toBe(1);
});
