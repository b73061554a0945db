/** A real TURN server (RFC 5766) on this machine. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import Turn from 'node-turn';

export interface TurnServer {
  /** Such as `turn:192.168.1.20:40000`; browsers do not ask servers at loopback addresses. */
  url: string;
  username: string;
  credential: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Secrets as people make them: with signs that mean something in URLs. */
const account = { username: 'pot:luck@home', credential: 'p@ss/wo:rd?50%&' };

export async function startTurnServer(): Promise<TurnServer> {
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  const address = own?.address ?? '127.0.0.1';
  const listeningPort = await freeUdpPort(address);
  const server = new Turn({
    listeningPort,
    listeningIps: [address],
    relayIps: [address],
    authMech: 'long-term',
    credentials: { [account.username]: account.credential },
  });
  server.start();
  return {
    url: `turn:${address}:${listeningPort}`,
    ...account,
    [Symbol.asyncDispose]: async () => server.stop(),
  };
}

async function freeUdpPort(address: string): Promise<number> {
  const socket = createSocket('udp4').bind(0, address);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
