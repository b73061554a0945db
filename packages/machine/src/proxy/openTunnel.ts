/** A connection through a proxy: what is written comes out at the other end as it is. */
import { request as plainRequest, type IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { Socket } from 'node:net';

/** A proxy that takes longer is tried again. */
const answerDeadlineMs = 15_000;

export interface TunnelInit {
  proxy: URL;
  /** Name or address, IPv6 without brackets. */
  host: string;
  port: number;
  signal?: AbortSignal | undefined;
}

/** @throws Error with what the proxy said, or the network's error */
export function openTunnel({ proxy, host, port, signal }: TunnelInit): Promise<Socket> {
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const request = proxy.protocol === 'https:' ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const asked = request({
      host: proxy.hostname.replace(/^\[(.+)\]$/, '$1'),
      port: Number(proxy.port) || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...authorization(proxy) },
      agent: false,
      timeout: answerDeadlineMs,
      ...(signal && { signal }),
    });
    asked.once('connect', (response: IncomingMessage, socket: Socket) => {
      if (response.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new Error(`the proxy ${proxy.host} answers ${response.statusCode ?? 0} for ${target}`));
    });
    asked.once('timeout', () => asked.destroy(new Error(`the proxy ${proxy.host} does not answer`)));
    asked.once('error', reject);
    asked.end();
  });
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}
