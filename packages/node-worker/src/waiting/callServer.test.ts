import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import { callIdentity, callKey, callTls, protocolVersion, WorkerId } from '@potluck/protocol';
import { silentLog } from '@potluck/worker';
import { afterEach, expect, test } from 'vitest';
import { CallError } from './callError.ts';
import { startCallServer, type CallHandlers, type CallServer } from './callServer.ts';

const token = 'a-good-secret';
const workerId = WorkerId.parse('3f2b8a54-6a0e-4d2c-9d1a-0c8f6f1f2a10');
const handlers: CallHandlers = {
  about: () => ({
    ...{ protocolVersion, version: '0.1.0', workerId, name: 'attic', memoryBytes: 1e9, hub: null },
    device: { kind: 'cpu', description: 'a processor', float16: false },
  }),
  async *test() {
    yield { step: 'hub', state: 'passed', message: 'reached', milliseconds: 1 };
  },
  join: async () => {
    throw new CallError(409, 'serves another hub');
  },
};
const hubId = '1c9e6679-7425-40de-944b-e07fc1f90ae7';

let server: CallServer;
afterEach(() => server.close());

/** @returns the answer, or what went wrong with the connection */
async function call(
  path: string,
  { body, secret = token }: { body?: string; secret?: string } = {},
): Promise<{ status: number | undefined; text: string }> {
  const psk = Buffer.from(await callKey(secret));
  const socket = connect({
    ...callTls,
    ...{ host: '127.0.0.1', port: server.port },
    pskCallback: () => ({ psk, identity: callIdentity }),
    checkServerIdentity: () => undefined,
  });
  const asked = request({
    createConnection: () => socket,
    path,
    method: body === undefined ? 'GET' : 'POST',
  });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode, text: await text(response) };
}

test('who has the token is told who waits, and may ask for a test and to join', async () => {
  server = await startCallServer({ handlers, log: silentLog }, { port: 0, token });
  expect(JSON.parse((await call('/about')).text)).toMatchObject({ name: 'attic', hub: null });
  const ways = [{ hubUrl: 'http://127.0.0.1:1', iceServers: [] }];
  const tested = await call('/test', { body: JSON.stringify({ hubId, ways, trial: null }) });
  expect(tested.text).toBe('{"step":"hub","state":"passed","message":"reached","milliseconds":1}\n');
  const hubUrls = ['http://127.0.0.1:1'];
  const joined = await call('/join', { body: JSON.stringify({ hubId, hubUrls, token: 'join' }) });
  expect(joined).toEqual({ status: 409, text: '{"message":"serves another hub"}' });
});

test('what is no call is refused, and ends nothing', async () => {
  server = await startCallServer({ handlers, log: silentLog }, { port: 0, token });
  expect((await call('/test', { body: 'x' })).status).toBe(400);
  const hubUrls = ['file:///etc/passwd'];
  expect((await call('/join', { body: JSON.stringify({ hubId, hubUrls, token: 'join' }) })).status).toBe(400);
  expect((await call('/join', { body: 'x'.repeat(70_000) })).status).toBe(413);
  expect((await call('/other')).status).toBe(404);
  expect((await call('/about')).status).toBe(200);
});

test('connections that say nothing keep nobody who has the token from calling', async () => {
  server = await startCallServer({ handlers, log: silentLog }, { port: 0, token });
  const idle = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      // Another address for each four: Linux has all of 127.0.0.0/8.
      const localAddress = `127.0.0.${2 + Math.floor(index / 4)}`;
      const socket = connectPlain({ host: '127.0.0.1', port: server.port, localAddress });
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    }),
  );
  expect((await call('/about')).status).toBe(200);
  // And more from its own address.
  for (let index = 0; index < 20; index++) {
    const socket = connectPlain({ host: '127.0.0.1', port: server.port });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    idle.push(socket);
  }
  expect((await call('/about')).status).toBe(200);
  for (const socket of idle) socket.destroy();
});

test('without the token there is no connection; after ten wrong ones, not even with it', async () => {
  server = await startCallServer({ handlers, log: silentLog }, { port: 0, token });
  for (let attempt = 0; attempt < 10; attempt++) {
    await expect(call('/about', { secret: `a-wrong-secret-${attempt}` })).rejects.toThrow(/bad record mac/);
  }
  await expect(call('/about')).rejects.toThrow(/disconnected|socket hang up|ECONNRESET/);
});
