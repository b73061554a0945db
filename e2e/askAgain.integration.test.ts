import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { askUntilAnswered } from './support/askAgain.ts';

const words = ['Once', ' there', ' was', ' a', ' river', '.'];

function event(id: number): string {
  const chunk = { choices: [{ index: 0, delta: { content: words[id - 1] } }] };
  return `id: ${id}\ndata: ${JSON.stringify(chunk)}\n\n`;
}

type Act = (response: ServerResponse, after: number) => void;

/** Sends events from the one after `after` to `last`; where that is not the last one of all, it is lost then. */
const tell =
  (last: number): Act =>
  (response, after) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let id = after + 1; id <= last; id++) response.write(event(id));
    response.end(last === words.length ? 'data: [DONE]\n\n' : undefined);
  };
const refuse =
  (status: number, code: string): Act =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { code, message: code } }));
  };

/** A hub that does one thing for each request, in order. */
async function hubThat(
  acts: Act[],
): Promise<AsyncDisposable & { url: string; heard: IncomingHttpHeaders[] }> {
  const heard: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers);
    request.resume();
    acts[heard.length - 1]?.(response, Number(request.headers['last-event-id']));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

const asking = { path: '/v1/chat/completions', body: { stream: true } };

test('what was read of a stream stays while the hub is lost, starts and says so', async () => {
  const starting = refuse(503, 'hub_starting');
  await using hub = await hubThat([tell(2), starting, starting, tell(4), tell(words.length)]);
  const { texts, reads, losses } = await askUntilAnswered({ ...asking, url: hub.url });
  expect(texts).toEqual([words.join('')]);
  expect(losses).toBe(4);
  expect(hub.heard.map((one) => one['last-event-id'])).toEqual(['0', '2', '2', '2', '4']);
  expect(new Set(hub.heard.map((one) => one['x-potluck-request'])).size).toBe(1);
  expect(reads.map(({ after, ids, text }) => [after, ...ids, text])).toEqual([
    ['0', '1', '2', 'Once there'],
    ['2', '3', '4', ' was a'],
    ['4', '5', '6', ' river.'],
  ]);
});

test('an answer that the hub does not know any more begins anew, without what came before', async () => {
  await using hub = await hubThat([tell(3), refuse(409, 'conflict'), tell(words.length)]);
  const { texts, begunAnew } = await askUntilAnswered({ ...asking, url: hub.url });
  expect({ texts, begunAnew }).toEqual({ texts: [words.join('')], begunAnew: 1 });
  expect(hub.heard.map((one) => one['last-event-id'])).toEqual(['0', '3', '0']);
  expect(new Set(hub.heard.map((one) => one['x-potluck-request'])).size).toBe(2);
});
