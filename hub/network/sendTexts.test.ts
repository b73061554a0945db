import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { listen, type Listening } from './listen.ts';
import { TextBody } from './textBody.ts';

let listening: Listening | undefined;
afterEach(() => listening?.close());

/** A server whose answers are the bodies that `answer` writes to. */
async function serve(answer: (body: TextBody) => void, onCancel = (): void => undefined): Promise<number> {
  const fetch = (): Promise<Response> => {
    const body = new TextBody(onCancel);
    answer(body);
    const headers = new Headers({ 'content-type': 'text/event-stream', 'x-said': 'yes' });
    headers.append('set-cookie', 'a=1');
    headers.append('set-cookie', 'b=2');
    return Promise.resolve(new Response(body.stream, { headers }));
  };
  listening = await listen(fetch, 0, '127.0.0.1');
  return listening.port;
}

/** All that comes on one connection for these requests, which are sent at once. */
async function rawAnswers(port: number, ...requests: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(requests.map((one) => `${one}\r\nhost: a\r\n\r\n`).join(''));
  return text(socket);
}

const pieces = ['data: one\n\n', 'data: ä€😀\n\n', `data: ${'x'.repeat(20_000)}\n\n`];

/** Some before anybody reads, some later. */
function writeInTurns(body: TextBody): void {
  const [first = '', ...rest] = pieces;
  body.write(first);
  setTimeout(() => {
    for (const piece of rest) body.write(piece);
    setImmediate(() => {
      body.write('data: last\n\n');
      body.end();
    });
  }, 10);
}
const whole = `${pieces.join('')}data: last\n\n`;

test('a body comes as it was written, with its headers, and the connection takes the next request', async () => {
  const port = await serve(writeInTurns);
  for (let count = 0; count < 2; count++) {
    const answer = await fetch(`http://127.0.0.1:${port}`);
    expect(await answer.text()).toBe(whole);
    expect([answer.headers.get('x-said'), answer.headers.getSetCookie()]).toEqual(['yes', ['a=1', 'b=2']]);
  }
});

test('requests that come before their turn are answered one after the other', async () => {
  const port = await serve(writeInTurns);
  const raw = await rawAnswers(port, 'GET /1 HTTP/1.1', 'GET /2 HTTP/1.1\r\nconnection: close');
  const bodies = raw.split(/HTTP\/1\.1 200 OK\r\n.*?\r\n\r\n/s).slice(1);
  expect(bodies.map(unchunked)).toEqual([whole, whole]);
});

test('a client that knows no chunks gets none', async () => {
  const raw = await rawAnswers(await serve(writeInTurns), 'GET / HTTP/1.0');
  expect(raw.slice(raw.indexOf('\r\n\r\n') + 4)).toBe(whole);
});

test('who goes away is told of once, and what comes later goes nowhere', async () => {
  let cancelled = 0;
  const bodies: TextBody[] = [];
  const gone = Promise.withResolvers<void>();
  const port = await serve(
    (body) => {
      bodies.push(body);
      body.write('data: one\n\n');
    },
    () => {
      cancelled++;
      gone.resolve();
    },
  );
  const answer = await fetch(`http://127.0.0.1:${port}`);
  await answer.body?.cancel();
  await gone.promise;
  for (const body of bodies) {
    body.write('data: late\n\n');
    body.end();
  }
  expect(cancelled).toBe(1);
});

test('what nobody reads is counted, before it has a reader and on its way', async () => {
  const taken = Promise.withResolvers<TextBody>();
  const port = await serve((body) => {
    body.write('€');
    expect(body.unreadBytes).toBe(3);
    setTimeout(() => taken.resolve(body), 10);
  });
  const socket = connect(port, '127.0.0.1').pause();
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const body = await taken.promise;
  const megabyte = 'x'.repeat(1_000_000);
  for (let count = 0; count < 20; count++) body.write(megabyte);
  expect(body.unreadBytes).toBeGreaterThan(1_000_000);
  socket.destroy();
  await once(socket, 'close');
});

test('whoever reads the stream of a response gets the same', async () => {
  const body = new TextBody(() => undefined);
  writeInTurns(body);
  expect(await text(Readable.fromWeb(body.stream as never))).toBe(whole);
});

/** The body of an answer in chunks. */
function unchunked(raw: string): string {
  const bytes = Buffer.from(raw);
  let [at, body] = [0, ''];
  for (;;) {
    const end = bytes.indexOf('\r\n', at);
    const length = Number.parseInt(bytes.toString('latin1', at, end), 16);
    if (!(length > 0)) return body;
    body += bytes.toString('utf8', end + 2, end + 2 + length);
    at = end + 4 + length;
  }
}
