/** A hub passes on to one that leads, which is a plain server here: what it says and how it is lost is up to each test. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { HubId } from '@potluck/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { passedOnHeaders, readPassedOn } from '../http/passedOn.ts';
import { LeaderBoard } from '../lead/leaderBoard.ts';
import { listen, type Listening } from '../network/listen.ts';
import { Front } from './front.ts';
import { Waiting } from './waiting.ts';

type Answer = (incoming: IncomingMessage, outgoing: ServerResponse, body: string) => void;

const secret = 'secret-of-this-hub-and-no-other';
const patient = { lostMs: 60_000, newMs: 10_000, stopMs: 10_000 };
const patience = { ...patient };
let board: LeaderBoard;
let trouble: string | undefined;
let room: Waiting;
let front: Front;
let door: Listening;
let url: string;
let leaders: Server[];
let asked: { body: string; headers: IncomingMessage['headers'] }[];

beforeEach(async () => {
  board = new LeaderBoard();
  room = new Waiting();
  leaders = [];
  asked = [];
  front = new Front(
    {
      ...{ board, waiting: room, logger: pino({ level: 'silent' }) },
      metrics: { passedOn: () => undefined, askedAgain: () => undefined },
      isOwn: ({ url: path }) => path === '/own',
      answerOwn: () => new Response('own'),
      trouble: () => trouble,
    },
    patience,
  );
  door = await listen((request, environment) => front.fetch(request, environment), 0, '127.0.0.1', {
    elsewhere: front,
  });
  url = `http://127.0.0.1:${door.port}`;
});
afterEach(async () => {
  Object.assign(patience, patient);
  trouble = undefined;
  await front.close();
  await door.close();
  for (const leader of leaders) {
    leader.closeAllConnections();
    leader.close();
  }
});

/** The answers of a new leader, one request after the other; the last one is that of all further ones. */
async function lead(...answers: [Answer, ...Answer[]]): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (text: string) => (body += text));
    incoming.on('end', () => {
      asked.push({ body, headers: incoming.headers });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      answer?.(incoming, outgoing, body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  leaders.push(server);
  const { port } = server.address() as AddressInfo;
  board.set({
    ...{ epoch: leaders.length, process: randomUUID(), hubId: HubId.parse(randomUUID()) },
    ...{ url: `http://127.0.0.1:${port}`, secret, serves: true },
  });
  return server;
}

const cut: Answer = ({ socket }) => socket.destroy();
const say =
  (text: string): Answer =>
  (_, outgoing) =>
    void outgoing.writeHead(200, { 'x-said': 'yes' }).end(text);
const post = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}${path}`, { method: 'POST', body: '{"a":1}', headers });

/** As a hub that leads no more says it to other hubs. */
const giveWay: Answer = (_, outgoing) =>
  void outgoing.writeHead(503, { [passedOnHeaders.notLeading]: 'true', 'content-length': '0' }).end();

/** An answer begins. */
function begin(type: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const id = readPassedOn(incoming.headers, secret)?.answer?.id;
  outgoing.writeHead(200, { 'content-type': type, ...(id !== undefined && { 'x-request-id': id }) });
}

const beginEvents: Answer = (incoming, outgoing) => {
  begin('text/event-stream', incoming, outgoing);
  outgoing.write('data: 1\n\ndata: 2');
};

test('a request waits for a hub that leads, and the answer is that of the hub', async () => {
  const waiting = post('/api/keys');
  await lead(say('done'));
  const response = await waiting;
  expect([response.status, response.headers.get('x-said'), await response.text()]).toEqual([
    200,
    'yes',
    'done',
  ]);
  expect(asked).toMatchObject([{ body: '{"a":1}' }]);
  expect(await (await fetch(`${url}/own`)).text()).toBe('own');
});

test('the leader learns whose request it is, and nobody else can say so', async () => {
  await lead(say('done'));
  await post('/api/keys', {
    [passedOnHeaders.secret]: 'wrong',
    [passedOnHeaders.about]: '{"address":"8.8.8.8"}',
  }).catch(() => undefined);
  // A client that says it is a hub is told that this one does not lead.
  expect(asked).toEqual([]);
  await post('/api/keys', { connection: 'close' });
  const headers = asked[0]?.headers ?? {};
  expect(readPassedOn(headers, secret)).toMatchObject({
    address: '127.0.0.1',
    localPort: door.port,
    protocol: 'http',
  });
  expect(readPassedOn(headers, 'another')).toBeUndefined();
  expect(headers.host).toBe(`127.0.0.1:${door.port}`);
});

test('what changes something is asked once, and what changes nothing until there is an answer', async () => {
  await lead(cut);
  const lost = await post('/api/keys');
  expect(lost.status).toBe(502);
  expect(await lost.json()).toMatchObject({ error: { code: 'hub_lost' } });
  expect(asked).toHaveLength(1);
  const embedded = post('/v1/embeddings');
  await expect.poll(() => asked.length).toBeGreaterThan(1);
  await lead(say('vector'));
  expect(await (await embedded).text()).toBe('vector');
});

test('a hub that leads no more is asked no more', async () => {
  await lead(giveWay);
  // In the middle of the change the first one may be lost with a request.
  const waiting = post('/v1/embeddings');
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  await lead(say('done'));
  expect(await (await waiting).text()).toBe('done');
});

test.each(['text/event-stream', 'application/x-ndjson'])(
  'a stream (%s) goes on where it was cut',
  async (type) => {
    const [first, cutOff, second] =
      type === 'text/event-stream'
        ? ['id: 1\ndata: one\n\n', 'id: 2\ndat', 'id: 2\ndata: two\n\n']
        : ['{"n":1}\n', '{"n', '{"n":2}\n'];
    const leader = await lead((incoming, outgoing) => {
      begin(type, incoming, outgoing);
      outgoing.write(`${first}${cutOff}`, () => setImmediate(() => leader.closeAllConnections()));
    });
    leader.once('connection', () => leader.close());
    const answer = await post('/v1/chat/completions');
    await lead((incoming, outgoing) => {
      begin(type, incoming, outgoing);
      outgoing.end(second);
    });
    expect(await answer.text()).toBe(`${first}${second}`.replaceAll(/^id: .*\n/gm, ''));
    const told = asked.map(({ headers }) => readPassedOn(headers, secret)?.answer);
    expect(told[0]).toMatchObject({ eventsRead: [0], isAgain: false });
    expect(told.at(-1)).toMatchObject({
      eventsRead: [1],
      isAgain: true,
      id: told[0]?.id,
      seed: told[0]?.seed,
    });
  },
);

test('an answer that is sent whole and is too long to be kept comes as it is', async () => {
  const text = 'x'.repeat(9 * 1024 * 1024);
  await lead((incoming, outgoing) => {
    const id = readPassedOn(incoming.headers, secret)?.answer?.id;
    outgoing.writeHead(200, { 'x-request-id': id }).end(text);
  });
  expect(await (await post('/v1/chat/completions')).text()).toBe(text);
  expect(asked).toHaveLength(1);
});

test('a client that goes takes its request with it', async () => {
  const gone = Promise.withResolvers<void>();
  await lead(({ socket }) => void socket.once('close', () => gone.resolve()));
  const ending = new AbortController();
  const answer = fetch(`${url}/api/events`, { signal: ending.signal });
  await expect.poll(() => asked.length).toBe(1);
  ending.abort();
  await expect(answer).rejects.toThrow();
  await gone.promise;
});

test.each([
  ['another hub leads', () => lead(say(''))],
  ['this hub stops', () => front.close()],
])('a web socket is passed on byte by byte, and ends when %s', async (_, end) => {
  const server = await lead(say(''));
  const upstream = Promise.withResolvers<Socket>();
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket) => {
    expect(readPassedOn(incoming.headers, secret)).toMatchObject({ address: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello',
    );
    socket.on('data', (bytes: Buffer) => socket.write(bytes));
    upstream.resolve(socket);
  });
  const client = connect(door.port, '127.0.0.1').setEncoding('utf8');
  client.on('error', () => undefined);
  let heard = '';
  client.on('data', (text: string) => (heard += text));
  client.write(`GET /x HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`);
  await upstream.promise;
  client.write('echo');
  await expect.poll(() => heard).toMatch(/hello.*echo$/s);
  const closed = once(client, 'close');
  await end();
  await closed;
});

test.each([
  ['another hub leads', 1012, () => lead(say(''))],
  ['this hub stops', 1001, () => front.close()],
])('a web socket between two frames is told when %s', async (_, code, end) => {
  const sockets = new WebSocketServer({ server: await lead(say('')) });
  sockets.on('connection', (socket) => socket.on('message', () => socket.send('x'.repeat(70_000))));
  const client = new WebSocket(`${url.replace('http', 'ws')}/v1/responses`);
  await once(client, 'open');
  client.send('hello');
  await once(client, 'message');
  const closed = once(client, 'close') as Promise<[number, Buffer]>;
  await end();
  expect(await closed).toEqual([code, expect.anything()]);
});

test('who asks for a web socket in vain is told why in words', async () => {
  const refused = async (): Promise<unknown[]> => {
    const client = new WebSocket(`${url.replace('http', 'ws')}/v1/responses`);
    const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage];
    return [response.statusCode, JSON.parse(await textOf(response)) as unknown];
  };
  const places = Array.from({ length: 2000 }, () => room.enter());
  expect(await refused()).toMatchObject([503, { error: { code: 'no_leading_hub' } }]);
  for (const leave of places) leave?.();
  front.beginStop();
  expect(await refused()).toMatchObject([503, { error: { code: 'hub_stopped' } }]);
});

test('who watches what happens gets whole events and, when this hub stops, a comment; it is not waited for', async () => {
  await lead((_, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    outgoing.write('id: 7-1\nevent: node\ndata: 1\n\nid: 7-2\ndata:');
  });
  const watching = await fetch(`${url}/api/events`);
  await front.drain(60_000);
  await front.close();
  expect(await watching.text()).toMatch(/^id: 7-1\nevent: node\ndata: 1\n\n: this hub stops, .*\n\n$/);
});

test('a download is waited for when this hub stops', async () => {
  const outgoings: ServerResponse[] = [];
  await lead((_, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/csv' });
    outgoing.write('a,b\n');
    outgoings.push(outgoing);
  });
  const download = await fetch(`${url}/api/requests/export`);
  let isDrained = false;
  const draining = front.drain(60_000).then(() => (isDrained = true));
  await new Promise(setImmediate);
  expect(isDrained).toBe(false);
  outgoings[0]?.end('1,2\n');
  expect(await download.text()).toBe('a,b\n1,2\n');
  await draining;
});

const conversation = { 'x-potluck-conversation': 'one' };

test.each([
  [
    '/v1/chat/completions',
    {},
    /^data: \{"error":\{"message":.*"code":"hub_stopped"\}\}\n\ndata: \[DONE\]\n\n$/,
  ],
  ['/v1/chat/completions', conversation, /^data: \{"error":.*"code":"hub_stopped"/],
  ['/v1/responses', {}, /^event: error\ndata: \{"type":"error","code":"hub_stopped".*\[DONE\]\n\n$/s],
  [
    '/v1/messages',
    {},
    /^event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error"[^\n]*\n\n$/,
  ],
])(
  'an answer at %s (%o) that has begun when this hub stops ends with its error',
  async (path, headers, end) => {
    await lead(beginEvents);
    const answer = await post(path, headers);
    const draining = front.drain(60_000);
    // The stop waits for answers, and takes no more of them.
    const refused = await post(path, headers);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await refused.text()).toContain('about to stop');
    await front.close();
    await draining;
    const [first, ...rest] = (await answer.text()).split('data: 1\n\n');
    expect(first).toBe('');
    expect(rest.join()).toMatch(end);
  },
);

test('lines of JSON end with an error, too, and what was to come whole is refused', async () => {
  await lead(
    (incoming, outgoing) => {
      begin('application/x-ndjson', incoming, outgoing);
      outgoing.write('{"n":1}\n{"n":');
    },
    () => undefined,
  );
  const lines = await post('/api/chat');
  const whole = post('/api/generate');
  await expect.poll(() => asked.length).toBe(2);
  await front.close();
  const [first, last = '', ...none] = (await lines.text()).split('\n');
  expect([first, JSON.parse(last), none]).toEqual(['{"n":1}', { error: expect.any(String) as string }, ['']]);
  expect((await whole).status).toBe(503);
  expect(await (await whole).json()).toEqual({ error: expect.any(String) as string });
});

test('an answer that no hub goes on with ends with an error that says so', async () => {
  patience.lostMs = 200;
  await lead((incoming, outgoing) => {
    beginEvents(incoming, outgoing, '');
    setImmediate(() => incoming.socket.destroy());
  });
  const answer = await post('/v1/chat/completions');
  board.set(undefined);
  expect(await answer.text()).toMatch(/^data: 1\n\ndata: \{"error":.*"code":"no_leading_hub"/);
});

test('a request waits for the next hub as long as the one that leads answers what it has', async () => {
  Object.assign(patience, { newMs: 2000, stopMs: 60_000 });
  await lead(giveWay);
  const waiting = post('/v1/chat/completions');
  // One each tenth of a second at most.
  await expect.poll(() => asked.length, { timeout: 30_000 }).toBeGreaterThan(22);
  await lead(say('done'));
  expect(await (await waiting).text()).toBe('done');
});

test('who has waited long enough for a hub that gives way hears what is wrong, as this hub says it of itself', async () => {
  // Between one pause and two: the hub is asked once more, and what it says is the end.
  patience.lostMs = 150;
  trouble = 'Redis does not answer.';
  await lead(cut, giveWay);
  const refused = await post('/v1/chat/completions');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
  expect(await refused.json()).toMatchObject({
    error: {
      code: 'no_leading_hub',
      message: 'No hub leads at the moment. Redis does not answer. Ask again then.',
    },
  });
});

test('an answer that the next hub refuses to go on with ends with what that hub says', async () => {
  const first = await lead((incoming, outgoing) => {
    beginEvents(incoming, outgoing, '');
    setImmediate(() => first.closeAllConnections());
  });
  first.once('connection', () => first.close());
  const answer = await post('/v1/chat/completions');
  await lead(
    (_, outgoing) =>
      void outgoing.writeHead(409).end('{"error":{"message":"It is over.","code":"conflict"}}'),
  );
  expect(await answer.text()).toMatch(
    /^data: 1\n\ndata: \{"error":\{"message":"It is over\.".*"code":"conflict"/,
  );
});

test('how the leader is, it says to whoever asks this hub', async () => {
  const said: unknown[] = [];
  const ask = async (incoming: IncomingMessage): Promise<void> =>
    void said.push(await front.leaderHealth(incoming));
  const client = createServer((incoming, outgoing) => void ask(incoming).then(() => outgoing.end())).listen(
    0,
    '127.0.0.1',
  );
  leaders.push(client);
  await once(client, 'listening');
  const { port } = client.address() as AddressInfo;
  const health = (): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/health`, { headers: { authorization: 'Bearer a' } });
  await health();
  await lead(say('{"status":"degraded","ready":true,"trouble":"full"}'), say('no health'), cut);
  for (let time = 0; time < 3; time++) await health();
  expect(said).toEqual([
    undefined,
    { status: 'degraded', ready: true, trouble: 'full' },
    undefined,
    undefined,
  ]);
  expect(asked[0]?.headers).toMatchObject({ authorization: 'Bearer a', [passedOnHeaders.secret]: secret });
});
