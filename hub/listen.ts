/** Opens the hub's port. */
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createAdaptorServer, type ServerType, type WebSocketServerLike } from '@hono/node-server';
import { maxControlMessageBytes } from '@potluck/protocol';
import { WebSocketServer } from 'ws';
import { StartError, messageOf, systemCodeOf } from './errors.ts';

/** Answers a request; `environment` is what @hono/node-server passes on. */
export type Fetch = (request: Request, environment: object) => Response | Promise<Response>;

export interface Listening {
  port: number;
  /** Ends all connections and frees the port. */
  close(): Promise<void>;
}

/**
 * Listens for HTTP and web sockets.
 * @param host undefined listens on all addresses
 * @throws StartError if the port is taken or the address is not this machine's
 */
export async function listen(fetch: Fetch, port: number, host?: string): Promise<Listening> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxControlMessageBytes });
  const server = createAdaptorServer({
    fetch,
    websocket: { server: sockets as unknown as WebSocketServerLike },
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, port, host)));
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => closeServer(server, sockets),
  };
}

async function closeServer(server: ServerType, sockets: WebSocketServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const client of sockets.clients) client.terminate();
  if ('closeAllConnections' in server) server.closeAllConnections();
  await closed;
}

function listenError(error: unknown, port: number, host: string | undefined): StartError {
  const where = host === undefined ? `port ${port}` : `${host}, port ${port}`;
  switch (systemCodeOf(error)) {
    case 'EADDRINUSE':
      return new StartError(
        `${where} is in use. Stop the program that has it, or choose another with --port.`,
        {
          cause: error,
        },
      );
    case 'EACCES':
      return new StartError(`${where} may not be used by this account. Choose one above 1023 with --port.`, {
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

/** Addresses at which other machines may reach this one; IPv4, the likeliest first. */
export function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(
      ({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'),
    )
    .map(({ address }) => address);
}
