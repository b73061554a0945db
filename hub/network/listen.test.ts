import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import { listen, type Listening } from './listen.ts';

const stalledMs = 100;
let listening: Listening | undefined;
afterEach(() => listening?.close());

async function ask(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return socket;
}

test('who takes nothing of an answer loses the connection, and the answer ends', async () => {
  const ended = Promise.withResolvers<void>();
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
    cancel: () => ended.resolve(),
  });
  listening = await listen(() => new Response(endless), 0, '127.0.0.1', { stalledMs });
  const socket = await ask(listening.port);
  socket.pause();
  await ended.promise;
  socket.destroy();
});

test('who waits for an answer keeps the connection', async () => {
  const body = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      await setTimeout(5 * stalledMs);
      controller.enqueue(new TextEncoder().encode('after a while'));
      controller.close();
    },
  });
  listening = await listen(() => new Response(body), 0, '127.0.0.1', { stalledMs });
  const answer = await fetch(`http://127.0.0.1:${listening.port}`);
  expect(await answer.text()).toBe('after a while');
});

test('whoever has a web socket, whoever keeps it, or has said nothing yet, keeps no server from closing', async () => {
  const upgraded = Promise.withResolvers<void>();
  const elsewhere = {
    request: () => false,
    upgrade: () => {
      upgraded.resolve();
      return true;
    },
  };
  const server = await listen(() => new Response('hello'), 0, '127.0.0.1', { elsewhere });
  const [silent, asking] = [connect(server.port, '127.0.0.1'), connect(server.port, '127.0.0.1')];
  const ended = [silent, asking].map((socket) => {
    socket.on('error', () => undefined).resume();
    return once(socket, 'close');
  });
  await once(silent, 'connect');
  asking.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
  await upgraded.promise;
  await server.close();
  await Promise.all(ended);
});

test('whoever has a web socket is told that the hub stops', async () => {
  const app = new Hono();
  app.get(
    '/',
    upgradeWebSocket(() => ({})),
  );
  const server = await listen((request, environment) => app.fetch(request, environment), 0, '127.0.0.1');
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}`);
  await once(socket, 'open');
  const closed = once(socket, 'close') as Promise<[number, Buffer]>;
  await server.close();
  const [code, reason] = await closed;
  expect([code, reason.toString()]).toEqual([1001, 'this hub stops']);
});
