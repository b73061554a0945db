import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { socketTransport } from './socketTransport.ts';

test('what is sent in one turn is written at once', async () => {
  const written: Buffer[][] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = new Duplex({
    read: () => undefined,
    writev(chunks, done) {
      written.push(chunks.map(({ chunk }) => chunk as Buffer));
      done();
      resolve();
    },
  });
  const transport = socketTransport(socket as Socket);
  for (const byte of [1, 2, 3]) void transport.send(Uint8Array.of(byte));
  await promise;
  expect(written.map((chunks) => [...Buffer.concat(chunks)])).toEqual([
    [1, 0, 0, 0, 1, 1, 0, 0, 0, 2, 1, 0, 0, 0, 3],
  ]);
  socket.destroy();
});
