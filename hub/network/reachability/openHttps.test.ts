import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepPort } from './keptPort.ts';
import { openHttps } from './openHttps.ts';

let data: string;
const said: string[] = [];
const logger = pino({ level: 'warn' }, { write: (line) => void said.push(line) });
const start = async (): Promise<{ port: number; close(): Promise<void> }> => {
  const opened = await openHttps(
    { fetch: () => new Response('here'), logger },
    { port: 8000, host: '127.0.0.1', data },
  );
  if (!opened) throw new Error('HTTPS is off');
  return opened;
};

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), 'potluck-https-'));
});
afterAll(() => rm(data, { recursive: true }));

test('a port that was taken because the usual one was in use stays after a restart', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port: taken } = other.address() as AddressInfo;
  await keepPort(data, taken);
  const first = await start();
  expect(first.port).not.toBe(taken);
  expect(said.join()).toContain(
    `port ${taken} is in use, so HTTPS is at port ${first.port} from now on. Devices`,
  );
  await first.close();
  other.close();
  await once(other, 'close');
  const again = await start();
  expect(again.port).toBe(first.port);
  expect(said).toHaveLength(1);
  await again.close();
});
