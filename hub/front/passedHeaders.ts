/** Headers on their way from one connection to the next. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { passedOnHeaders, type PassedOn } from '../http/passedOn.ts';

/** They are about one connection only (RFC 9110, 7.6.1). */
const ofOneConnection = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]);
const ofHubs = new Set<string>(Object.values(passedOnHeaders));

/** @returns names and values in turn, as Node takes them @param drop further names, in lower case */
export function passedHeaders(raw: readonly string[], drop: readonly string[] = []): string[] {
  const passed: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const [name = '', value = ''] = raw.slice(index, index + 2);
    const lower = name.toLowerCase();
    if (ofOneConnection.has(lower) || ofHubs.has(lower) || drop.includes(lower)) continue;
    passed.push(name, value);
  }
  return passed;
}

/** By which the hub that leads knows this one, and learns whose request it is. */
export function frontHeaders(
  secret: string,
  incoming: IncomingMessage,
  answer: PassedOn['answer'],
): string[] {
  const socket = incoming.socket as Socket & Partial<Pick<TLSSocket, 'encrypted'>>;
  const { connection } = incoming.headers;
  const about: PassedOn = {
    ...(socket.remoteAddress !== undefined && { address: socket.remoteAddress }),
    ...(socket.localPort !== undefined && { localPort: socket.localPort }),
    protocol: socket.encrypted ? 'https' : 'http',
    httpVersion: incoming.httpVersion,
    ...(connection !== undefined && { connection: connection.slice(0, 100) }),
    ...(answer && { answer }),
  };
  // Headers are bytes: letters beyond ASCII are written as escapes.
  const json = JSON.stringify(about).replaceAll(
    /[^\x20-\x7e]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return [passedOnHeaders.secret, secret, passedOnHeaders.about, json];
}
