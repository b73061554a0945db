import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openHttps, type Https } from './openHttps.ts';

let data: string;
let said: string[];
let taken: number;
/** Another program, at the port that a first start takes. */
let other: Server;
const start = async (patienceMs = 0): Promise<Https> => {
  const logger = pino({ level: 'warn' }, { write: (line) => void said.push(line) });
  const opened = await openHttps(
    { fetch: () => new Response('here'), logger, usualPort: taken, patienceMs },
    { port: 8000, host: '127.0.0.1', data },
  );
  if (!opened) throw new Error('HTTPS is off');
  return opened;
};
const end = async (server: Server): Promise<void> => {
  server.close();
  await once(server, 'close');
};

beforeEach(async () => {
  said = [];
  data = await mkdtemp(path.join(tmpdir(), 'potluck-https-'));
  other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  ({ port: taken } = other.address() as AddressInfo);
});
afterEach(() => rm(data, { recursive: true }));

test('a port that was taken because the usual one was in use stays after a restart', async () => {
  const first = await start();
  expect(first.port).not.toBe(taken);
  expect(said.join()).toContain(
    `port ${taken} is in use, so HTTPS is at port ${first.port} from now on. Choose`,
  );
  await first.close();
  await end(other);
  const again = await start();
  expect(again.port).toBe(first.port);
  expect(said).toHaveLength(1);
  await again.close();
});

test('a port that devices know is another one for as long only as another program has it', async () => {
  await end(other);
  const first = await start();
  expect(first.port).toBe(taken);
  await first.close();

  const intruder = createServer().listen(taken, '127.0.0.1');
  await once(intruder, 'listening');
  const second = await start();
  expect(second.port).not.toBe(taken);
  expect(second.knownPort).toBe(taken);
  expect(said.join()).toContain(`Devices and links that know port ${taken} do not find this hub`);
  await second.close();

  // Patience: the other program ends while the hub starts.
  const starting = start(60_000);
  await end(intruder);
  const third = await starting;
  expect(third).toMatchObject({ port: taken, knownPort: undefined });
  expect(said).toHaveLength(1);
  await third.close();
});
