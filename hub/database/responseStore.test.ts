import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { responseBounds, type ResponseRow } from '../conversations/responseStore.ts';
import { databaseKinds, type TestDatabase } from '../testing/testDatabases.ts';
import type { Database } from './database.ts';

const row = (change: Partial<ResponseRow> = {}): ResponseRow => ({
  id: `resp_${randomUUID()}`,
  owner: 'key:one',
  createdAt: Date.now(),
  expiresAt: Date.now() + 60_000,
  previousId: null,
  status: 'done',
  response: { output: [] },
  input: [{ id: 'in_0' }],
  replay: null,
  bytes: 10,
  ...change,
});

describe.each(databaseKinds)('in $kind', ({ start }) => {
  let place: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    place = await start();
    database = await place.open();
  });
  afterAll(async () => {
    await database.close();
    await place[Symbol.asyncDispose]();
  });

  test('a response is its owner’s alone, and is gone once it was removed or has expired', async () => {
    const { responses } = database;
    const [kept, expired] = [row(), row({ expiresAt: Date.now() - 1 })];
    for (const one of [kept, expired]) await responses.add(one);
    expect(await responses.find('key:one', kept.id)).toEqual(kept);
    expect(await responses.find('key:two', kept.id)).toBeUndefined();
    expect(await responses.remove('key:two', kept.id)).toBe(false);
    expect(await responses.find('key:one', expired.id)).toBeUndefined();
    expect(await responses.expire(Date.now())).toBe(1);
    expect(await responses.remove('key:one', kept.id)).toBe(true);
    await responses.finish('key:one', kept.id, kept);
    expect(await responses.find('key:one', kept.id)).toBeUndefined();
  });

  test('answers that a former run left unfinished are marked', async () => {
    const { responses } = database;
    const running = row({ status: 'running' });
    await responses.add(running);
    await responses.interruptRunning();
    expect(await responses.find('key:one', running.id)).toEqual({ ...running, status: 'interrupted' });
    expect(await responses.expire(0, Date.now() + 1000)).toBe(1);
  });

  test('the newest of an owner are kept, as many as the bounds allow', async () => {
    const { responses } = database;
    const third = Math.ceil(responseBounds.bytes / 3);
    const rows = [1, 2, 3, 4].map((createdAt) => row({ createdAt, bytes: third }));
    const other = row({ owner: 'key:two', createdAt: 0 });
    for (const one of [other, ...rows]) await responses.add(one);
    const found = await Promise.all(rows.map(({ id }) => responses.find('key:one', id)));
    expect(found.map((one) => one?.createdAt)).toEqual([undefined, undefined, 3, 4]);
    expect(await responses.find('key:two', other.id)).toEqual(other);
  });
});
