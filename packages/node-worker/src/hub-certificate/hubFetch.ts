/** Downloads from a hub that may have a certificate of its own. */
import type { IncomingMessage } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { Readable } from 'node:stream';
import { pinnedAt } from './pinnedHubs.ts';

/** Bytes that wait for the reader. */
const highWaterMark = 1024 * 1024;

/** Like `fetch`, for requests without a body; a hub does not redirect. */
export const hubFetch: typeof fetch = async (input, init) => {
  const asked = new Request(input, init);
  const ca = pinnedAt(asked.url);
  if (ca === undefined) return fetch(asked);
  const { url, method, signal } = asked;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    requestSecurely(url, { method, headers: Object.fromEntries(asked.headers), signal, ca })
      .on('response', resolve)
      .on('error', reject)
      .end();
  });
  const strategy = new ByteLengthQueuingStrategy({ highWaterMark });
  return new Response(Readable.toWeb(answer, { strategy }) as ReadableStream, {
    status: answer.statusCode ?? 502,
    headers: Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]),
  });
};
