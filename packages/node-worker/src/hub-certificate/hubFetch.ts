/** Downloads from a hub that may have a certificate of its own, or lie behind a proxy. */
import { request, type IncomingMessage } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { Readable } from 'node:stream';
import { hubAgent } from './hubAgent.ts';
import { pinnedAt } from './pinnedHubs.ts';

/** Bytes that wait for the reader. */
const highWaterMark = 1024 * 1024;

/** Like `fetch`, for requests without a body; a hub does not redirect. */
export const hubFetch: typeof fetch = async (input, init) => {
  const asked = new Request(input, init);
  const ca = pinnedAt(asked.url);
  const agent = hubAgent(asked.url);
  if (ca === undefined && agent === undefined) return fetch(asked);
  const { url, method, signal } = asked;
  const options = { method, headers: Object.fromEntries(asked.headers), signal, ...(agent && { agent }) };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = url.startsWith('https:') ? requestSecurely(url, { ...options, ca }) : request(url, options);
    sent.on('response', resolve).on('error', reject).end();
  });
  const strategy = new ByteLengthQueuingStrategy({ highWaterMark });
  return new Response(Readable.toWeb(answer, { strategy }) as ReadableStream, {
    status: answer.statusCode ?? 502,
    headers: Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]),
  });
};
