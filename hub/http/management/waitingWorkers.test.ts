import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import type { ConnectionStep, JoinToken } from '@potluck/api';
import { protocolVersion, WorkerId, type JoinCall, type TestCall } from '@potluck/protocol';
import { afterEach, expect, test } from 'vitest';
import { silentLog } from '../../../packages/worker/src/log.ts';
import { CallError } from '../../../packages/node-worker/src/waiting/callError.ts';
import { startCallServer, type CallHandlers } from '../../../packages/node-worker/src/waiting/callServer.ts';
import { api, elsewhere, type ApiAnswer } from '../../testing/apiClient.ts';
import { startTestHub, testApiKey, type TestHub } from '../../testing/testHub.ts';

const token = 'a-good-secret';
const workerId = WorkerId.parse('3f2b8a54-6a0e-4d2c-9d1a-0c8f6f1f2a10');

let hub: TestHub;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await hub.close();
});

/** A waiting worker whose answers the test writes. */
async function waiting(handlers: Partial<CallHandlers> = {}): Promise<number> {
  const server = await startCallServer(
    {
      log: silentLog,
      handlers: {
        about: () => ({
          ...{ protocolVersion, version: '0.1.0', workerId, name: 'attic', memoryBytes: 1e9, hub: null },
          device: { kind: 'cpu', description: 'a processor', float16: false },
        }),
        async *test() {},
        join: () => Promise.reject(new CallError(409, 'it serves another hub')),
        ...handlers,
      },
    },
    { port: 0, token },
  );
  closers.push(() => server.close());
  return server.port;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const post = <T>(path: string, body: object, headers?: Record<string, string>): Promise<ApiAnswer<T>> =>
  api<T>(hub, 'POST', `/nodes${path}`, { host: '127.0.0.1', token, ...body }, headers);

/** What signalling says first to who comes with a trial's place. */
async function greeting(trial: TestCall['trial'] | undefined): Promise<string> {
  const query = `key=peerjs&id=${trial?.workerId}&token=${trial?.signalling.token}`;
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/peerjs/peerjs?${query}`);
  const [{ data }] = (await once(socket, 'message')) as [MessageEvent<string>];
  socket.close();
  return data;
}

async function steps(body: object): Promise<ConnectionStep[]> {
  return linesOf((await post<string>('/test-connection', body)).body);
}

function linesOf(text: string): ConnectionStep[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ConnectionStep);
}

test('a test says how far it came, and nothing of what a stranger at the port says', async () => {
  hub = await startTestHub();
  const closed = createServer();
  const closedPort = await listen(closed);
  closed.close();
  await once(closed, 'close');
  expect(await steps({ port: closedPort })).toMatchObject([
    { step: 'reachable', state: 'failed', message: expect.stringContaining('firewall') as string },
  ]);

  const strangers = [
    createHttpServer((_request, response) => response.end('a secret of the stranger')),
    createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0 a secret of the stranger\r\n')),
    createServer((socket) => socket.destroy()),
  ];
  for (const stranger of strangers) {
    const answer = await steps({ port: await listen(stranger) });
    expect(answer).toMatchObject([
      { step: 'reachable', state: 'passed' },
      {
        step: 'authorised',
        state: 'failed',
        message: expect.stringContaining('no waiting worker') as string,
      },
    ]);
    expect(JSON.stringify(answer)).not.toContain('secret of the stranger');
  }

  const port = await waiting();
  expect(await steps({ port, token: 'a-wrong-secret' })).toMatchObject([
    { step: 'reachable', state: 'passed' },
    { step: 'authorised', state: 'failed', message: expect.stringContaining('another token') as string },
  ]);
});

test('the worker hears by which addresses to come, and to whom to connect; the trial ends with the test', async () => {
  hub = await startTestHub();
  const peer = hub.worker('kitchen');
  await peer.message('welcome');
  let call: TestCall | undefined;
  const port = await waiting({
    async *test(given) {
      call = given;
      yield { step: 'hub', state: 'passed', message: 'reached', milliseconds: 1 };
      const [local, remote] = [{ type: 'host' } as const, { type: 'srflx' } as const];
      yield {
        ...{ step: 'peer', state: 'passed', message: 'connected', milliseconds: 2 },
        candidatePair: { local, remote },
      };
    },
  });
  expect(await steps({ port })).toMatchObject([
    { step: 'reachable' },
    { step: 'authorised', state: 'passed', message: expect.stringContaining('attic') as string },
    { step: 'hub', milliseconds: 1 },
    { step: 'peer', candidates: { local: 'host', remote: 'srflx' } },
  ]);
  expect(call?.ways[0]?.hubUrl).toBe(hub.url);
  expect(call?.trial?.peer.name).toBe('kitchen');
  expect(await greeting(call?.trial)).toContain('may not use signalling');
});

test('a test ends when nobody waits for its steps any more', async () => {
  hub = await startTestHub();
  await hub.worker('kitchen').message('welcome');
  let trial: TestCall['trial'] = null;
  const port = await waiting({
    async *test(given) {
      ({ trial } = given);
      yield { step: 'hub', state: 'passed', message: 'reached', milliseconds: 1 };
      await new Promise(() => undefined);
    },
  });
  const leaving = new AbortController();
  const response = await fetch(`${hub.url}/api/nodes/test-connection`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ host: '127.0.0.1', port, token }),
    signal: leaving.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; !text.includes('"hub"');) text += (await reader?.read())?.value ?? '';
  expect(await greeting(trial)).toContain('OPEN');
  leaving.abort();
  await expect.poll(() => greeting(trial)).toContain('may not use signalling');
});

test('without anybody to connect to, a test says so; versions that differ are named', async () => {
  hub = await startTestHub();
  const port = await waiting();
  expect((await steps({ port })).at(-1)).toMatchObject({ step: 'peer', state: 'skipped' });
  const older = await waiting({
    about: () => ({
      ...{ protocolVersion: 0, version: '0', workerId, name: 'attic', memoryBytes: 1e9, hub: null },
      device: { kind: 'cpu', description: 'a processor', float16: false },
    }),
  });
  expect((await steps({ port: older })).at(-1)).toMatchObject({
    step: 'authorised',
    message: expect.stringContaining('update the worker') as string,
  });
});

test('a worker that is added gets a join token of its own, which goes where it does not join', async () => {
  hub = await startTestHub();
  let call: JoinCall | undefined;
  const port = await waiting({
    join: async (given) => {
      call = given;
      const worker = hub.worker('attic', { token: given.token, hello: { workerId } });
      await worker.message('welcome');
      return { workerId, name: 'attic', hubUrl: hub.url };
    },
  });
  expect(await post('', { port })).toMatchObject({ status: 201, body: { id: workerId, name: 'attic' } });
  expect(call?.hubUrls[0]).toBe(hub.url);
  const { body } = await api<{ tokens: JoinToken[] }>(hub, 'GET', '/join-tokens');
  expect(body.tokens).toMatchObject([{ id: 'hub' }, { name: 'attic', nodes: 1 }]);
  // Who is here is not called again.
  expect(await post('', { port })).toMatchObject({ status: 201, body: { id: workerId } });

  const busy = await waiting({
    about: () => ({
      ...{ protocolVersion, version: '0.1.0', name: 'busy', memoryBytes: 1e9, hub: null },
      workerId: WorkerId.parse('5f2b8a54-6a0e-4d2c-9d1a-0c8f6f1f2a10'),
      device: { kind: 'cpu', description: 'a processor', float16: false },
    }),
  });
  expect(await post('', { port: busy })).toMatchObject({
    status: 422,
    body: { error: { message: 'it serves another hub' } },
  });
  const after = await api<{ tokens: JoinToken[] }>(hub, 'GET', '/join-tokens');
  expect(after.body.tokens).toHaveLength(2);
});

test('a worker that dies in the middle of a test is named, with the step that it died at', async () => {
  hub = await startTestHub();
  const arrived = Promise.withResolvers<void>();
  const port = await waiting({
    async *test() {
      yield { step: 'hub', state: 'passed', message: 'reached', milliseconds: 1 };
      yield { step: 'candidates', state: 'passed', message: 'host', milliseconds: 1 };
      await arrived.promise;
      // The connection ends before the answer does.
      throw new Error('the process ends here');
    },
  });
  const response = await fetch(`${hub.url}/api/nodes/test-connection`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ host: '127.0.0.1', port, token }),
  });
  let text = '';
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    if (text.includes('candidates')) arrived.resolve();
  }
  const answer = linesOf(text);
  expect(answer.map(({ step, state }) => `${step} ${state}`)).toEqual([
    'reachable passed',
    'authorised passed',
    'hub passed',
    'candidates passed',
    'peer failed',
  ]);
  expect(answer.at(-1)?.message).toMatch(/hung up.*its log.*try again/);
});

test('a hub with more names than a call takes sends the likeliest', async () => {
  hub = await startTestHub({
    hosts: Array.from({ length: 40 }, (_, index) => `hub-${index}.example.org`),
  });
  const calls: (TestCall | JoinCall)[] = [];
  const port = await waiting({
    async *test(call) {
      calls.push(call);
      yield { step: 'hub', state: 'passed', message: 'reached', milliseconds: 1 };
    },
    join: (call) => {
      calls.push(call);
      return Promise.reject(new CallError(409, 'seen'));
    },
  });
  expect((await steps({ port })).at(-1)).toMatchObject({ step: 'peer', state: 'skipped' });
  expect(await post('', { port })).toMatchObject({ body: { error: { message: 'seen' } } });
  const [tested, joined] = calls as [TestCall, JoinCall];
  expect(tested.ways).toHaveLength(32);
  expect(joined.hubUrls).toEqual(tested.ways.map(({ hubUrl }) => hubUrl));
  expect(joined.hubUrls[0]).toBe(hub.url);
});

test('only administrators call, and only hosts and ports', async () => {
  hub = await startTestHub();
  expect((await post('', { port: 9000 }, elsewhere)).status).toBe(401);
  const asking = { ...elsewhere, authorization: `Bearer ${testApiKey}` };
  expect((await post('/test-connection', { port: 9000 }, asking)).status).toBe(403);
  for (const wrong of [
    { host: 'http://10.0.0.1:9000' },
    { host: 'a b' },
    { host: '' },
    { port: 0 },
    { port: 70_000 },
    { port: 9000, token: 'short' },
    { port: 9000, path: '/etc' },
  ]) {
    expect((await post('/test-connection', { port: 9000, ...wrong })).status, JSON.stringify(wrong)).toBe(
      400,
    );
  }
});
