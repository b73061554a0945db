/** The databases that a hub can have, for tests that hold for each of them. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { createClient, type Client, type Value } from '@libsql/client';
import { pino } from 'pino';
import { startSqld, sqldMissing } from '../../testing/servers/sqldServer.ts';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { openDatabase, type Database } from '../database/database.ts';
import { openDatabaseServer } from '../database/databaseServer.ts';
import { databaseUrl } from '../database/databaseUrl.ts';
import { databaseThread, type DatabaseThread } from '../database/databaseThread.ts';

export interface TestDatabase extends AsyncDisposable {
  /** What `writeRequestsForever.ts` takes: a directory, or the URL of a server. */
  place: string;
  /** Opens it as a hub does. */
  open(): Promise<Database>;
  thread(): DatabaseThread;
  /** Does statements as another program would. @returns the rows of the last one */
  rows(...statements: string[]): Promise<Value[][]>;
  /** Takes away all that is in it; nobody has it open. */
  clear(): Promise<void>;
}

interface DatabaseKind {
  kind: string;
  start: () => Promise<TestDatabase>;
}

export const databaseKinds: readonly DatabaseKind[] = [
  { kind: 'a file', start: fileDatabase },
  ...(sqldMissing === undefined ? [{ kind: 'a libSQL server', start: serverDatabase }] : []),
];
if (sqldMissing !== undefined) console.log(sqldMissing);

export async function fileDatabase(): Promise<TestDatabase> {
  const directory = await temporaryDirectory('potluck-database-');
  const file = path.join(directory.path, 'hub.sqlite');
  const url = databaseUrl(file);
  return {
    place: directory.path,
    open: () => openDatabase(directory.path),
    thread: () => databaseThread({ url, busyTimeoutMs: 1000, begin: [] }),
    rows: (...statements) => rowsOf(createClient({ url }), statements),
    clear: async () => {
      for (const ending of ['', '-wal', '-shm']) await rm(`${file}${ending}`, { force: true });
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

async function serverDatabase(): Promise<TestDatabase> {
  const server = await startSqld();
  // With less work than HTTP; databaseServer.test.ts has both.
  const url = server.url.replace('http', 'ws');
  const rows = (...statements: string[]): Promise<Value[][]> => rowsOf(createClient({ url }), statements);
  return {
    place: url,
    open: () => openDatabaseServer({ server: { url }, logger: pino({ level: 'silent' }) }),
    thread: () => databaseThread({ serverUrl: url, deadlineMs: 60_000, inOrder: true }),
    rows,
    clear: async () => {
      const own =
        "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'";
      const found = (await rows(own)) as [type: string, name: string][];
      const drops = found.map(([type, name]) => `DROP ${type} IF EXISTS "${name}"`);
      if (drops.length > 0) await rows(...drops);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function rowsOf(client: Client, statements: string[]): Promise<Value[][]> {
  try {
    const results = await client.batch(statements, 'write');
    return (results.at(-1)?.rows ?? []).map((row) => Array.from<Value>(row));
  } finally {
    client.close();
  }
}
