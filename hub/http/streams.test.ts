import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { unbufferedStreams } from './streams.ts';

test.each([
  ['text/event-stream; charset=utf-8', undefined, 'no-cache, no-transform', 'no'],
  ['application/jsonl; charset=utf-8', 'no-store', 'no-store, no-transform', 'no'],
  ['application/json', 'no-store', 'no-store', null],
])('proxies are told to pass on what is streamed: %s', async (type, given, kept, buffering) => {
  const app = new Hono().use(unbufferedStreams()).get('/', () => {
    return new Response('', { headers: { 'content-type': type, ...(given && { 'cache-control': given }) } });
  });
  const { headers } = await app.request('/');
  expect([headers.get('cache-control'), headers.get('x-accel-buffering')]).toEqual([kept, buffering]);
});
