/** Readers who take nothing of what they asked for; somebody else's answer goes on meanwhile. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { SessionId } from '@potluck/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBystander, type Bystander } from '../testing/bystander.ts';
import { EventReader } from '../testing/eventReader.ts';
import type { ScriptedWorker } from '../testing/scriptedWorker.ts';
import { startTestHub, testApiKey, type TestHub } from '../testing/testHub.ts';

let hub: TestHub;
let bystander: Bystander;
const sockets: Socket[] = [];
const saidAtOnce = 500;
const mostSaid = 20_000;

beforeAll(async () => {
  hub = await startTestHub({ model: { contextLength: 1_000_000 } });
  bystander = await startBystander(hub, (worker, { sessionId, tokens }) => {
    void sayMuch(worker, sessionId, tokens.length);
  });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await hub.close();
});

/** More than the connection and the hub keep: some 5 MB of events. */
async function sayMuch(worker: ScriptedWorker, sessionId: SessionId, from: number): Promise<void> {
  const [word = 0] = hub.encode('soup');
  const said = Array.from({ length: saidAtOnce }, () => word);
  for (let position = 0; position < mostSaid; position += saidAtOnce) {
    worker.tokens(sessionId, from + position, said);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Sends a request and reads nothing of the answer. */
async function askWithoutReading(method: string, path: string, body = ''): Promise<void> {
  const socket = connect(Number(new URL(hub.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  socket.pause();
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${testApiKey}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

test('an answer that nobody reads ends, and its request with it', async () => {
  const events = await EventReader.open(hub);
  await events.until('snapshot');
  const body = JSON.stringify({
    messages: [{ role: 'user', content: 'Name dishes.' }],
    stream: true,
    max_tokens: mostSaid,
  });
  await askWithoutReading('POST', '/v1/chat/completions', body);
  const { request } = await events.until('request', (event) => event.request.status !== 'running');
  expect(request.status).toBe('cancelled');
  events.close();
});

test('the answer that went on meanwhile has exactly its tokens', async () => {
  const { expected, received } = await bystander.finish();
  expect(expected.length).toBeGreaterThan(0);
  expect(received).toBe(expected);
});
