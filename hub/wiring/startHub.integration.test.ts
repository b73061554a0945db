import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { openDatabase } from '../database/database.ts';
import { startHub, type RunningHub } from './startHub.ts';
import { requestRecord } from '../testing/requestRecord.ts';

let data: string;
let hubs: RunningHub[];

beforeEach(async () => {
  data = await mkdtemp(path.join(tmpdir(), 'potluck-start-'));
  hubs = [];
});
afterEach(async () => {
  for (const hub of hubs) await hub.stop();
  await rm(data, { recursive: true, force: true });
});

async function start(port = 0): Promise<RunningHub> {
  const own = ['--data', data, '--port', String(port), '--host', '127.0.0.1', '--local-workers', '0'];
  const config = readConfig(own, process.env);
  if (!config) throw new Error('help was asked for');
  const hub = await startHub(config, pino({ level: 'silent' }));
  hubs.push(hub);
  return hub;
}

test('a second hub on the same data is refused before it touches anything, until the first has stopped', async () => {
  const first = await start();
  const database = await openDatabase(data);
  await database.requests.put(requestRecord({ id: 'under-way', status: 'running' }));
  const { port } = new URL(first.url);
  for (const wanted of [0, Number(port)]) {
    await expect(start(wanted)).rejects.toThrow(
      `another hub (process id ${process.pid}) uses the data directory ${data}. Stop that one`,
    );
  }
  expect(await database.requests.find('under-way')).toMatchObject({ status: 'running' });
  await database.close();
  await first.stop();
  await start();
});

test('a port that is taken is found before the data is opened', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  await expect(start(port)).rejects.toThrow(`port ${port} is in use`);
  expect(await readdir(data)).not.toContain('hub.sqlite');
  taken.close();
  await start();
});

test.skipIf(process.platform === 'win32')(
  'only its user opens the data directory, also one of before',
  async () => {
    const mode = async (): Promise<number> => (await stat(data)).mode & 0o777;
    await rm(data, { recursive: true });
    const first = await start();
    expect(await mode()).toBe(0o700);
    await first.stop();
    await chmod(data, 0o755);
    await start();
    expect(await mode()).toBe(0o700);
  },
);
