import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { createClient, type ResultSet } from '@libsql/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { databaseUrl } from './databaseUrl.ts';
import { databaseThread, type DatabaseThread } from './databaseThread.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let thread: DatabaseThread;
beforeEach(async () => {
  directory = await temporaryDirectory('potluck-thread-');
  const url = databaseUrl(path.join(directory.path, 'a.sqlite'));
  const writer = createClient({ url });
  await writer.execute('CREATE TABLE soups (name TEXT NOT NULL) STRICT');
  await writer.execute("INSERT INTO soups VALUES ('leek'), ('pea')");
  writer.close();
  thread = databaseThread({ url, busyTimeoutMs: 1000, begin: ['PRAGMA query_only = ON'] });
});
afterEach(async () => {
  await thread.close();
  await directory[Symbol.asyncDispose]();
});

const countTo = (end: number): Promise<ResultSet> =>
  thread.client.execute({
    sql: 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT count(*) FROM n',
    args: [end],
  });

test('a long query lets everything else go on', async () => {
  let isDone = false;
  let turns = 0;
  const counted = countTo(300_000).finally(() => (isDone = true));
  while (!isDone) {
    await setImmediate();
    turns += 1;
  }
  expect((await counted).rows[0]?.[0]).toBe(300_000);
  // Where the query holds the thread, it is done in the first turn.
  expect(turns).toBeGreaterThan(1);
});

test('what the connection begins with holds, and its errors are those of the database', async () => {
  const { rows } = await thread.client.execute('SELECT name FROM soups ORDER BY name');
  expect(rows).toEqual([['leek'], ['pea']]);
  await expect(thread.client.execute('DELETE FROM soups')).rejects.toThrow(/read.?only/);
  await expect(thread.client.execute('SELECT * FROM stews')).rejects.toThrow('no such table: stews');
});

test('what is asked before and after the database is closed fails', async () => {
  const counted = countTo(3_000_000);
  const closed = thread.close();
  await expect(counted).rejects.toThrow('the database is closed');
  await closed;
  await expect(countTo(1)).rejects.toThrow('the database is closed');
});
