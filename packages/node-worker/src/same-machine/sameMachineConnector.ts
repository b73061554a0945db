/**
 * Workers of one user on one machine connect by a socket of its file system: a crossing there takes a fraction of what a data
 * channel takes. All others connect as they would without it.
 */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { WorkerId } from '@potluck/protocol';
import {
  messageOf,
  untilAborted,
  type DirectConnector,
  type DirectConnectorInit,
  type Log,
  type PeerTransport,
} from '@potluck/worker';
import { socketPath, socketsDirectory } from './socketsDirectory.ts';
import { socketTransport } from './socketTransport.ts';

/** Ids of who connects and of whom it means. */
const idLength = 36;
/** What whoever is meant answers. */
const welcome = Buffer.from([1]);
const greetingDeadlineMs = 2_000;

export interface SameMachineComponents {
  /** For peers that are elsewhere. */
  others: DirectConnector;
  log: Log;
  /** Default: that of this user. */
  directory?: () => Promise<string | undefined>;
}

type OnTransport = DirectConnectorInit['onTransport'];

/** Listens when it resolves: once the hub knows this worker, others of this machine may connect at any moment. */
export async function sameMachineConnector(
  { others, log, directory = socketsDirectory }: SameMachineComponents,
  own: WorkerId,
): Promise<DirectConnector> {
  const place = await directory();
  const started = Promise.withResolvers<OnTransport>();

  /** @returns what ends it */
  async function listen(): Promise<() => void> {
    if (place === undefined) return () => undefined;
    const path = socketPath(place, own);
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      greeted(socket, own, started.promise).then(
        ([onTransport, peer, rest]) => onTransport(peer, socketTransport(socket, rest)),
        (error: unknown) => {
          socket.destroy();
          log.debug({ reason: messageOf(error) }, 'a process of this machine could not connect');
        },
      );
    });
    // What a worker left behind that was killed: two with one id are never here at once.
    await rm(path, { force: true });
    server.unref().listen(path);
    await once(server, 'listening');
    return () => server.close();
  }

  const endListening = await listen().catch((error: unknown) => {
    log.debug({ reason: messageOf(error) }, 'workers of this machine connect as others do');
    return () => undefined;
  });
  return {
    async start(init) {
      started.resolve(init.onTransport);
      await others.start(init);
    },
    async connect(peer, signal) {
      if (place !== undefined) {
        const here = await connectHere(socketPath(place, peer), own, peer, signal).catch(() => undefined);
        if (here) return here;
      }
      return others.connect(peer, signal);
    },
    close() {
      endListening();
      others.close();
    },
  };
}

/** @throws Error where nobody answers there, as where a process is stopped */
async function connectHere(
  path: string,
  own: WorkerId,
  peer: WorkerId,
  signal: AbortSignal,
): Promise<PeerTransport> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(greetingDeadlineMs)]);
  const socket = connect(path);
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect', { signal: deadline });
    socket.write(own + peer, 'latin1');
    const [, rest] = await readStart(socket, welcome.byteLength, deadline);
    return socketTransport(socket, rest);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * @param started what takes connections, once there is something that does
 * @returns that, who it is, and what it sent behind that
 * @throws Error where it means another worker, or says nothing in time, or nothing takes it
 */
async function greeted(
  socket: Socket,
  own: WorkerId,
  started: Promise<OnTransport>,
): Promise<[OnTransport, peer: WorkerId, rest: Buffer]> {
  socket.on('error', () => undefined);
  const deadline = AbortSignal.timeout(greetingDeadlineMs);
  const [bytes, rest] = await readStart(socket, 2 * idLength, deadline);
  const text = bytes.toString('latin1');
  if (text.slice(idLength) !== own) throw new Error('it means another worker');
  const peer = WorkerId.parse(text.slice(0, idLength));
  const onTransport = await untilAborted(started, deadline);
  socket.write(welcome);
  return [onTransport, peer, rest];
}

/** Leaves the socket paused. @returns so many bytes, and what came behind them @throws Error where they do not come */
async function readStart(socket: Socket, count: number, signal: AbortSignal): Promise<[Buffer, Buffer]> {
  let bytes = Buffer.alloc(0);
  while (bytes.byteLength < count) {
    const chunk = socket.read() as Buffer | null;
    if (chunk) bytes = Buffer.concat([bytes, chunk]);
    else if (socket.readableEnded || socket.destroyed) throw new Error('the connection was closed');
    else await once(socket, 'readable', { signal });
  }
  return [bytes.subarray(0, count), bytes.subarray(count)];
}
