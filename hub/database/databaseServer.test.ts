import { once } from 'node:events';
import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { createClient } from '@libsql/client';
import { pino, type Logger } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startSqld, sqldMissing } from '../../testing/servers/sqldServer.ts';
import type { ServerProcess } from '../../testing/servers/serverProcess.ts';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { freePort } from '../../testing/freePort.ts';
import { WriteQueue } from '../files/writeQueue.ts';
import { requestRecord } from '../testing/requestRecord.ts';
import type { Database } from './database.ts';
import { openDatabaseServer, type DatabaseServerInit } from './databaseServer.ts';
import { DatabaseUnreachableError } from './plainErrors.ts';

const silent = pino({ level: 'silent' });
const soon = { retryMs: 20 };

function logInto(lines: string[]): Logger {
  return pino({}, { write: (line: string) => void lines.push(line) });
}

test('a server that is away is waited for, and the wait ends when it is told to', async () => {
  const port = await freePort();
  const lines: string[] = [];
  const stopping = new AbortController();
  const server = { url: `http://127.0.0.1:${port}`, token: 'a-secret-token' };
  const opening = openDatabaseServer(
    { server, logger: logInto(lines) },
    { ...soon, signal: stopping.signal },
  );
  opening.catch(() => undefined);
  await expect.poll(() => lines.join('')).toContain('waiting for the database server');
  expect(lines.join('')).toContain(server.url);
  expect(lines.join('')).not.toContain('a-secret-token');
  stopping.abort();
  await expect(opening).rejects.toBe(stopping.signal.reason);
  expect(lines).toHaveLength(1);
});

test('what is no libSQL server is refused, and not waited for', async () => {
  const other = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const opening = openDatabaseServer({ server: { url }, logger: silent }, soon);
  await expect(opening).rejects.toThrow(
    `The database at ${url} can't be used: what answers there is no libSQL server`,
  );
  other.close();
});

describe.skipIf(sqldMissing !== undefined)('at a libSQL server', () => {
  let server: ServerProcess;
  const open: Database[] = [];
  beforeAll(async () => {
    server = await startSqld();
  });
  afterEach(async () => {
    for (const database of open.splice(0)) await database.close();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function opened(init: DatabaseServerInit = soon, url = server.url): Promise<Database> {
    const database = await openDatabaseServer({ server: { url }, logger: silent }, init);
    open.push(database);
    return database;
  }

  test.each(['http', 'ws'])(
    'while it is away, by %s, who waits is told, the rest is kept later, and the hub knows',
    async (scheme) => {
      const database = await opened(soon, server.url.replace('http', scheme));
      const writes = new WriteQueue(silent, { retryMs: 20 });
      expect(database.trouble()).toBeUndefined();
      await server.kill();
      await expect(database.values.put('soup', 'leek')).rejects.toBeInstanceOf(DatabaseUnreachableError);
      await expect(database.values.get('soup')).rejects.toThrow('does not answer (ECONNREFUSED)');
      expect(database.trouble()).toContain('does not answer');
      const ids = [`one by ${scheme}`, `two by ${scheme}`];
      for (const id of ids) writes.write(id, () => database.requests.put(requestRecord({ id })));
      await writes.settled();
      expect(writes.trouble).toContain('does not answer');
      await server.start();
      await expect.poll(() => writes.trouble).toBeUndefined();
      expect((await database.requests.list({}, 9)).map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
      expect(database.trouble()).toBeUndefined();
      await writes.end();
    },
  );

  test('that it answers again is found out though nobody asks for anything', async () => {
    const database = await opened();
    await server.kill();
    await expect(database.values.get('soup')).rejects.toThrow('does not answer');
    await server.start();
    await expect.poll(() => database.trouble()).toBeUndefined();
  });

  test('a server that answers nothing any more is missed in time, and found again', async () => {
    const urls = [server.url, server.url.replace('http', 'ws')];
    const databases = await Promise.all(urls.map((url) => opened({ ...soon, deadlineMs: 3000 }, url)));
    server.child.kill('SIGSTOP');
    const asked = databases.flatMap(({ requests, values }) => [
      values.get('soup'),
      requests.list({}, 1),
      values.put('soup', 'leek'),
    ]);
    for (const outcome of await Promise.allSettled(asked))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'database_unreachable' } });
    server.child.kill('SIGCONT');
    for (const { values } of databases)
      await expect.poll(() => values.put('soup', 'pea').then(() => 'kept', String)).toBe('kept');
  });

  test('a write waits while another program has a transaction open', async () => {
    const database = await opened();
    const other = createClient({ url: server.url });
    const transaction = await other.transaction('write');
    await transaction.execute("INSERT OR REPLACE INTO hub_values VALUES ('soup', '\"leek\"')");
    const written = database.values.put('soup', 'pea');
    await transaction.commit();
    await written;
    expect(await database.values.get('soup')).toBe('pea');
    other.close();
  });

  test('long texts are kept, listed, and found', async () => {
    const database = await opened();
    const [owner, text] = ['ada', `${'pea soup '.repeat(100_000)}leek`];
    // More than a server sends without being told to.
    for (let index = 0; index < 12; index++)
      await database.requests.put(requestRecord({ id: `long ${index}`, owner, answer: text }));
    const listed = await database.requests.list({ owner }, 12);
    expect(listed.map(({ answer }) => answer)).toEqual(Array<string>(12).fill(text));
    const search = { text: 'LEEK', mayRead: owner, mayReadApi: false };
    expect(await database.requests.list({ owner, search }, 50)).toHaveLength(12);
  });
});

test.skipIf(sqldMissing !== undefined)('a server that sends little says what to change', async () => {
  await using server = await startSqld(['--max-response-size', '1MB']);
  const database = await openDatabaseServer({ server: { url: server.url }, logger: silent }, soon);
  await database.values.put('long', 'soup '.repeat(400_000));
  await expect(database.values.get('long')).rejects.toThrow('Start sqld with --max-response-size');
  await database.close();
});

test.skipIf(sqldMissing !== undefined)('a token opens the server, and no other does', async () => {
  await using directory = await temporaryDirectory('potluck-token-');
  const key = path.join(directory.path, 'key.pem');
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  await writeFile(key, publicKey.export({ type: 'spki', format: 'pem' }));
  await using server = await startSqld(['--auth-jwt-key-file', key]);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'EdDSA', typ: 'JWT' })}.${part({ a: 'rw' })}`;
  const token = `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`;
  for (const scheme of ['http', 'ws']) {
    const url = server.url.replace('http', scheme);
    const database = await openDatabaseServer({ server: { url, token }, logger: silent }, soon);
    await database.values.put('soup', 'leek');
    await database.close();
    for (const wrong of [undefined, `${token.slice(0, -4)}AAAA`]) {
      const opening = openDatabaseServer({ server: { url, token: wrong }, logger: silent }, soon);
      await expect(opening).rejects.toThrow(`The database at ${url} can't be used: it refuses the token`);
    }
  }
});

test.skipIf(sqldMissing !== undefined)(
  'two hubs that make the tables at the same time both find them made',
  async () => {
    await using server = await startSqld();
    const opening = [1, 2].map(() =>
      openDatabaseServer({ server: { url: server.url }, logger: silent }, soon),
    );
    for (const database of await Promise.all(opening)) await database.close();
  },
);
