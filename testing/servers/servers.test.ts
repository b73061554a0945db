import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { createClient } from '@libsql/client/http';
import { expect, test } from 'vitest';
import { freePort } from '../freePort.ts';
import { redisCommand, redisMissing, startRedis } from './redisServer.ts';
import { sqldMissing, startSqld } from './sqldServer.ts';

for (const missing of [redisMissing, sqldMissing]) if (missing) test.skip(missing, () => undefined);

test.skipIf(redisMissing !== undefined)('a Redis keeps what it was told when it is killed', async () => {
  await using redis = await startRedis();
  const tell = async (command: string): Promise<string> => {
    const socket = connect(redis.port, '127.0.0.1');
    socket.end(`${command}\r\n`);
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return bytes.toString();
  };
  expect(await tell('SET soup leek')).toBe('+OK\r\n');
  const first = redis.child.pid;
  await redis.kill();
  await expect(tell('GET soup')).rejects.toThrow('ECONNREFUSED');
  await redis.start();
  expect(redis.child.pid).not.toBe(first);
  expect(await tell('GET soup')).toBe('$4\r\nleek\r\n');
});

test.skipIf(redisMissing !== undefined)('the command that people are told starts a Redis', async () => {
  const command = `exec env ${redisCommand(process.cwd(), await freePort())}`;
  const child = spawn('sh', ['-c', command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let said = '';
  for await (const line of createInterface({ input: child.stdout })) {
    said += `${line}\n`;
    if (line.includes('Ready to accept connections')) child.kill('SIGTERM');
  }
  await exited;
  expect(said).toContain('Ready to accept connections');
});

test.skipIf(sqldMissing !== undefined)(
  'a libSQL server keeps what it was told when it is killed',
  async () => {
    await using server = await startSqld();
    const client = createClient({ url: server.url });
    await client.batch(['CREATE TABLE soups (name)', "INSERT INTO soups VALUES ('leek')"], 'write');
    await server.kill();
    await expect(client.execute('SELECT name FROM soups')).rejects.toThrow();
    await server.start();
    expect((await client.execute('SELECT name FROM soups')).rows).toMatchObject([{ name: 'leek' }]);
    client.close();
  },
);
