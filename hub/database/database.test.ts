import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { requestRecord } from '../testing/requestRecord.ts';
import { databaseKinds, type TestDatabase } from '../testing/testDatabases.ts';
import { StorageError } from '../files/storageError.ts';
import { openDatabase, storesIn } from './database.ts';
import { databaseThread } from './databaseThread.ts';
import { DatabaseError } from './plainErrors.ts';
import { migrate } from './migrations.ts';

describe.each(databaseKinds)('in $kind', ({ start }) => {
  let place: TestDatabase;
  beforeAll(async () => {
    place = await start();
  });
  afterEach(() => place.clear());
  afterAll(() => place[Symbol.asyncDispose]());

  test('a request is found again as it was, also after the database is opened again', async () => {
    const first = await place.open();
    const record = requestRecord({ status: 'running', seed: Number.MAX_SAFE_INTEGER });
    await first.requests.put(record);
    await first.requests.put({ ...record, status: 'done' });
    await first.close();
    const second = await place.open();
    expect(await second.requests.find(record.id)).toEqual({ ...record, status: 'done' });
    expect(await second.requests.find('none')).toBeUndefined();
    await second.requests.put({ ...record, owner: 'somebody else' });
    expect((await second.requests.find(record.id))?.owner).toBe(record.owner);
    await second.close();
  });

  test('requests are listed newest first, and unfinished ones of a former run are marked', async () => {
    const database = await place.open();
    for (const createdAt of [1, 3, 2])
      await database.requests.put(requestRecord({ createdAt, status: 'running' }));
    await database.requests.interruptRunning();
    const listed = await database.requests.list({}, 2);
    expect(listed.map((record) => [record.createdAt, record.status])).toEqual([
      [3, 'interrupted'],
      [2, 'interrupted'],
    ]);
    await database.close();
  });

  test.each([
    [
      'without a table',
      'DROP TABLE conversations',
      /it lacks the table conversations\. (Put a copy back|Look after)/,
    ],
    [
      'with a table of another shape',
      'ALTER TABLE nodes DROP COLUMN speed',
      /table nodes lacks the column speed/,
    ],
    ['of a newer version', "UPDATE meta SET value = '99'", /written by a newer version/],
    ['without its list of steps', 'DROP TABLE meta', /has a table requests and does not say which version/],
  ])('a database %s is refused with what it lacks, and is left as it is', async (_what, change, reason) => {
    await (await place.open()).close();
    await place.rows(change);
    const tables = (): Promise<unknown> => place.rows('SELECT name FROM sqlite_master');
    const before = await tables();
    await expect(place.open()).rejects.toThrow(reason);
    expect(await tables()).toEqual(before);
  });

  test('what fails while the hub runs is an error with a code, without values', async () => {
    const thread = place.thread();
    await migrate(thread.client);
    const database = storesIn(thread);
    await thread.client.execute('DROP TABLE hub_values');
    const failure: unknown = await database.values
      .put('secret', 'nobody may read this')
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DatabaseError);
    expect(failure).toMatchObject({ kind: 'unavailable', code: 'database_unavailable' });
    expect(inspect(failure, { depth: 9 })).toContain('no such table: hub_values');
    expect(inspect(failure, { depth: 9 })).not.toContain('nobody may read');
    await thread.close();
  });

  test('a list of one owner’s requests goes by an index', async () => {
    const thread = place.thread();
    await migrate(thread.client);
    const plan = await thread.rows(
      "EXPLAIN QUERY PLAN SELECT * FROM requests WHERE owner = 'key:1' ORDER BY created_at DESC, id DESC LIMIT 51",
    );
    expect(JSON.stringify(plan)).toContain('USING INDEX requests_owner');
    await thread.close();
  });

  test('every acknowledged row survives kill -9 while writing', async () => {
    const program = fileURLToPath(new URL('../testing/writeRequestsForever.ts', import.meta.url));
    const child = spawn(process.execPath, [program, place.place], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const acknowledged: string[] = [];
    for await (const id of createInterface({ input: child.stdout })) {
      acknowledged.push(id);
      if (acknowledged.length === 200) child.kill('SIGKILL');
    }
    await exited;
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);
    const database = await place.open();
    const kept = new Set((await database.requests.list({}, 1_000_000)).map((record) => record.id));
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    await database.close();
  });
});

describe('in a file', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'potluck-database-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test.skipIf(process.platform === 'win32')(
    'only the hub’s user reads the database, a former one too',
    async () => {
      const modes = async (): Promise<Record<string, number>> =>
        Object.fromEntries(
          await Promise.all(
            (await readdir(directory)).map(async (name): Promise<[string, number]> => [
              name,
              (await stat(path.join(directory, name))).mode & 0o777,
            ]),
          ),
        );
      const allPrivate = { 'hub.sqlite': 0o600, 'hub.sqlite-shm': 0o600, 'hub.sqlite-wal': 0o600 };
      const database = await openDatabase(directory);
      expect(await modes()).toEqual(allPrivate);
      for (const name of Object.keys(allPrivate)) await chmod(path.join(directory, name), 0o644);
      const again = await openDatabase(directory);
      expect(await modes()).toEqual(allPrivate);
      await again.close();
      await database.close();
    },
  );

  test('a damaged file is refused with its name', async () => {
    await writeFile(
      path.join(directory, 'hub.sqlite'),
      'this is no database, however long it may be'.repeat(100),
    );
    await expect(openDatabase(directory)).rejects.toThrow(/hub\.sqlite can't be used/);
  });

  test('a full disk is told as that, without the words that could not be kept, and is over when there is room', async () => {
    const thread = databaseThread({ url: 'file::memory:', busyTimeoutMs: 1000, begin: [] });
    const { client } = thread;
    await migrate(client);
    const limit = async (pages: number): Promise<void> =>
      void (await client.execute(`PRAGMA max_page_count = ${pages}`));
    const database = storesIn(thread);
    await limit(1);
    const failure: unknown = await database.values
      .put('secret', 'what nobody may read in a log'.repeat(1000))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StorageError);
    expect(inspect(failure, { depth: 9 })).not.toContain('nobody may read');
    expect(await database.values.get('secret')).toBeUndefined();
    await limit(1_000_000);
    await database.values.put('secret', 'kept');
    expect(await database.values.get('secret')).toBe('kept');
    await thread.close();
  });
});
