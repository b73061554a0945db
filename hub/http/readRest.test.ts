/** Bodies that are refused before they are read. */
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { elsewhere } from '../testing/apiClient.ts';
import { startTestHub, type TestHub } from '../testing/testHub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.close());

test.each([
  ['who shows nothing', '/api/session', 2e6, elsewhere],
  ['who may ask', '/v1/chat/completions', 5e6, {}],
])('%s hears that a body is too large, and the connection stays in order', async (_, path, bytes, who) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async (
    method: string,
    at: string,
    body = '',
  ): Promise<[status: number | undefined, isSameSocket: boolean]> => {
    const headers = { ...who, 'content-type': 'application/json' };
    const sent = request(`${hub.url}${at}`, { method, agent, headers });
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    return [answer.statusCode, sent.reusedSocket];
  };
  try {
    expect(await ask('POST', path, '['.repeat(bytes))).toEqual([413, false]);
    // By then a server that lets go of what it has not read would have closed the connection.
    await setTimeout(700);
    expect(await ask('GET', '/health')).toEqual([200, true]);
  } finally {
    agent.destroy();
  }
});

test('who sends without an end is not read for ever', async () => {
  const { host, port } = new URL(hub.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  const head = `POST /api/session HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-For: 10.0.0.1\r\n`;
  socket.write(`${head}Content-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n`);
  const more = Buffer.alloc(1024 * 1024, '[');
  const send = (): void => void (socket.writable && socket.write(more, send));
  send();
  await new Promise((resolve) => socket.once('close', resolve));
});
