/** Opens the hub's ports. */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAdaptorServer, type ServerType, type WebSocketServerLike } from '@hono/node-server';
import { maxWorkerMessageBytes } from '@potluck/protocol';
import { WebSocketServer } from 'ws';
import { systemCodeOf } from '../errors/systemCodeOf.ts';
import { messageOf } from '../errors/messageOf.ts';
import { StartError } from '../errors/startError.ts';
import { admitInTurns } from './admitInTurns.ts';
import type { Fetch } from './fetch.ts';
import { hubStops } from './goodbye.ts';
import { keepWhileOpen } from './keepWhileOpen.ts';
import { sendTexts } from './sendTexts.ts';

/** `/v1/responses`: nobody gets this far without having shown who asks, and messages are whole conversations. */
const conversationPath = /\/responses\/?(\?|$)/;
/** Twice what a request may have, so that who sends more than that is told so. */
const mostConversationBytes = 8 * 1024 * 1024;

/** A certificate chain and its private key, both PEM. */
export interface ServerCertificate {
  certificate: string;
  key: string;
}

/**
 * How long an idle connection stays open. Proxies keep theirs for 60 s (nginx, AWS) to 600 s (Google's load balancers, whose
 * documentation asks for 620 s behind them); a hub that closes first makes them answer 502 now and then.
 */
const keepAliveMs = 620_000;

/** A connection whose other end takes nothing of what waits for it is closed: what waits is kept in memory. */
const defaultStalledMs = 120_000;

/** Takes requests that another process answers. Each returns false for what this one answers itself. */
export interface Elsewhere {
  request(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

export interface ListenOptions {
  /** Default: this process answers everything. */
  elsewhere?: Elsewhere;
  /** How long a connection may take nothing of what waits for it, in milliseconds. Default two minutes. */
  stalledMs?: number;
}

export interface Listening {
  port: number;
  /** Ends all connections and frees the port. */
  close(): Promise<void>;
}

export interface SecureListening extends Listening {
  /** New connections see this certificate; those that are open stay. */
  setCertificate(certificate: ServerCertificate): void;
}

/**
 * Listens for HTTP and web sockets.
 * @param host undefined listens on all addresses
 * @throws StartError if the port is taken or the address is not this machine's
 */
export async function listen(
  fetch: Fetch,
  port: number,
  host?: string,
  { elsewhere, stalledMs = defaultStalledMs }: ListenOptions = {},
): Promise<Listening> {
  const sockets = webSocketServer();
  const server = createAdaptorServer({
    fetch: sendTexts(fetch),
    websocket: { server: asLike(sockets) },
  });
  if (elsewhere) lookElsewhere(server as HttpServer, elsewhere);
  closeStalled(server, stalledMs);
  await open(server, port, host, '--port');
  return listening(server, sockets);
}

/**
 * Listens for HTTPS and secure web sockets.
 * @throws StartError as `listen` does
 */
export async function listenSecurely(
  fetch: Fetch,
  { certificate, key }: ServerCertificate,
  port: number,
  host?: string,
  { elsewhere }: Pick<ListenOptions, 'elsewhere'> = {},
): Promise<SecureListening> {
  const sockets = webSocketServer();
  const server = createAdaptorServer({
    fetch: sendTexts(fetch),
    websocket: { server: asLike(sockets) },
    createServer,
    serverOptions: { cert: certificate, key },
  }) as Server;
  if (elsewhere) lookElsewhere(server, elsewhere);
  closeStalled(server, defaultStalledMs);
  await open(server, port, host, '--https-port');
  return {
    ...listening(server, sockets),
    setCertificate: (renewed) => server.setSecureContext({ cert: renewed.certificate, key: renewed.key }),
  };
}

/** What is answered elsewhere comes to none of the server's listeners so far. */
function lookElsewhere(server: HttpServer, elsewhere: Elsewhere): void {
  const [request, upgrade] = [server.listeners('request'), server.listeners('upgrade')];
  server.removeAllListeners('request').removeAllListeners('upgrade');
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (!elsewhere.request(incoming, outgoing))
      for (const one of request) one.call(server, incoming, outgoing);
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!elsewhere.upgrade(incoming, socket, head))
      for (const one of upgrade) one.call(server, incoming, socket, head);
  });
}

function webSocketServer(): WebSocketServer {
  return new HubSockets({ noServer: true });
}

class HubSockets extends WebSocketServer {
  override handleUpgrade(...about: Parameters<WebSocketServer['handleUpgrade']>): void {
    const [{ url = '' }] = about;
    // It is read within this call.
    this.options.maxPayload = conversationPath.test(url) ? mostConversationBytes : maxWorkerMessageBytes;
    super.handleUpgrade(...about);
  }
}

function asLike(sockets: WebSocketServer): WebSocketServerLike {
  return sockets as unknown as WebSocketServerLike;
}

/** Silence alone closes nothing: an answer may wait for its turn for as long as it takes. */
function closeStalled(server: ServerType, stalledMs: number): void {
  (server as HttpServer).setTimeout(stalledMs, (socket) => {
    // Another time than ours is that of an idle connection, which Node closes where nobody listens.
    if (socket.writableLength > 0 || socket.timeout !== stalledMs) socket.destroy();
  });
}

function open(server: ServerType, port: number, host: string | undefined, flag: string): Promise<void> {
  if ('keepAliveTimeout' in server) server.keepAliveTimeout = keepAliveMs;
  admitInTurns(server as Server);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, port, host, flag)));
    server.listen(port, host, resolve);
  });
}

/** @param server listens since a moment, and nobody came yet */
function listening(server: ServerType, sockets: WebSocketServer): Listening {
  const connections = connectionsOf(server);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const client of sockets.clients) client.close(hubStops.code, hubStops.reason);
      return closeServer(server, connections);
    },
  };
}

/** Those that are open. A server knows neither web sockets nor what has not said yet what it wants, and closes behind both. */
function connectionsOf(server: ServerType): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => keepWhileOpen(connections, socket));
  return connections;
}

async function closeServer(server: ServerType, connections: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // One may have been accepted just before.
  server.on('connection', (socket: Socket) => socket.destroy());
  for (const socket of connections) socket.destroy();
  await closed;
}

function listenError(error: unknown, port: number, host: string | undefined, flag: string): StartError {
  const where = host === undefined ? `port ${port}` : `${host}, port ${port}`;
  switch (systemCodeOf(error)) {
    case 'EADDRINUSE':
      return new StartError(
        `${where} is in use. Stop the program that has it, or choose another with ${flag}.`,
        {
          cause: error,
        },
      );
    case 'EACCES':
      return new StartError(`${where} may not be used by this account. Choose one above 1023 with ${flag}.`, {
        cause: error,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartError(
        `${host ?? 'this host'} is no address of this machine. Leave --host out to use all.`,
        {
          cause: error,
        },
      );
    default:
      return new StartError(`can't listen on ${where}: ${messageOf(error)}`, { cause: error });
  }
}
