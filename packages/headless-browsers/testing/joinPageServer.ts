/** A hub as far as browsers that join go: a page that keeps to the agreement of joinPage.ts, over HTTPS. */
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  createAuthority,
  issueServerCertificate,
} from '../../../hub/network/certificate/issueCertificate.ts';

/** What a page says of itself when it has joined. */
export interface Arrival {
  name: string;
  token: string;
  auto: string;
  memory: string;
  'main-memory': string;
  /** Kept in the profile. */
  identity: number;
  isSecureContext: boolean;
  /** Undefined where the browser has no WebGPU adapter. */
  adapter?: string;
  socket: WebSocket;
}

export interface JoinPageServer {
  url: string;
  /** Of the certificate that vouches for it. */
  fingerprint: string;
  /** The next page that joins. */
  arrival(): Promise<Arrival>;
  stop(): void;
}

/** @param token pages that bring another one are refused */
export async function startJoinPageServer(token: string): Promise<JoinPageServer> {
  const authority = await createAuthority('A hub');
  const { certificate, key } = await issueServerCertificate(authority, ['localhost', '127.0.0.1']);
  const server = createServer(
    { cert: `${certificate}\n${authority.certificate}`, key },
    (_request, response) => {
      response.setHeader('content-type', 'text/html').end(page);
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new WebSocketServer({ server });
  const arrived: Arrival[] = [];
  const waiting: ((arrival: Arrival) => void)[] = [];
  sockets.on('connection', (socket) => {
    socket.once('message', (data: Buffer) => {
      const arrival = { ...(JSON.parse(data.toString()) as Omit<Arrival, 'socket'>), socket };
      socket.send(arrival.token === token ? 'contributing' : 'refused');
      const waiter = waiting.shift();
      if (waiter) waiter(arrival);
      else arrived.push(arrival);
    });
  });
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fingerprint: new X509Certificate(authority.certificate).fingerprint256,
    arrival: () => {
      const early = arrived.shift();
      return early ? Promise.resolve(early) : new Promise((resolve) => waiting.push(resolve));
    },
    stop() {
      for (const client of sockets.clients) client.terminate();
      server.close();
    },
  };
}

const page = `<!doctype html><html><body><script type="module">
const { dataset } = document.documentElement;
dataset.workerState = 'starting';
// IndexedDB, because a browser that is killed has often not written its localStorage.
const identity = await new Promise((resolve) => {
  const opening = indexedDB.open('test');
  opening.onupgradeneeded = () => opening.result.createObjectStore('kept').put(Math.random(), 'identity');
  opening.onsuccess = () => {
    const reading = opening.result.transaction('kept').objectStore('kept').get('identity');
    reading.onsuccess = () => resolve(reading.result);
  };
});
const fragment = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const adapter = await navigator.gpu?.requestAdapter();
const socket = new WebSocket('wss://' + location.host);
socket.onmessage = ({ data }) => {
  if (data === 'hang') for (;;);
  if (data === 'refused') dataset.workerProblem = 'the join token is wrong';
  dataset.workerState = data;
};
socket.onopen = () => socket.send(JSON.stringify({
  ...fragment, identity, isSecureContext,
  adapter: adapter ? adapter.info.vendor + ' ' + adapter.info.architecture : undefined,
}));
</script></body></html>`;
