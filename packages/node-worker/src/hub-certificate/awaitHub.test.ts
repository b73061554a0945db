import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { silentLog } from '@potluck/worker';
import { expect, test } from 'vitest';
import { awaitHub } from './awaitHub.ts';

test('each reason why the hub can not be reached is logged once', async () => {
  const calls: Socket[] = [];
  let answer = (socket: Socket): void => void socket.resume().end();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    calls.push(socket);
    answer(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ending = new AbortController();
  const reasons: string[] = [];
  const log = {
    ...silentLog,
    warn: (fields: { reason?: unknown }) => {
      reasons.push(String(fields.reason));
      if (reasons.length === 2) ending.abort(new Error('enough'));
    },
  };
  const waiting = awaitHub({ log }, { hubUrl: `https://127.0.0.1:${port}`, signal: ending.signal });
  waiting.catch(() => undefined);
  while (calls.length < 2) await once(server, 'connection');
  // Another program has the port by now, which knows nothing of TLS.
  answer = (socket) => socket.resume().end('who is there?\n');
  await expect(waiting).rejects.toThrow('aborted');
  server.close();
  expect(new Set(reasons).size).toBe(2);
});
