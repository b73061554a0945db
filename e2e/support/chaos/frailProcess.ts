/**
 * Loaded into a worker's process before the product (`--import`), where a chaos run asks for faults that nobody can make from
 * outside. Each message to the process is a `FrailRequest`.
 */
import { subscribe } from 'node:diagnostics_channel';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { Socket } from 'node:net';
import { isMainThread, type Worker } from 'node:worker_threads';

/** What can be asked for. */
export type FrailRequest = 'cut peers' | 'cut hub' | 'fail load' | 'fill disk' | 'empty disk' | 'end thread';

const sockets = new Set<Socket>();
const connections = new Set<{ close(): void }>();
const threads: Worker[] = [];
let isDiskFull = false;
let failingLoads = 0;

/** Sockets of the file system are those to workers of this machine; all others lead to the hub. */
function cutSockets(toPeers: boolean): void {
  for (const socket of sockets) if ((socket.remoteAddress === undefined) === toPeers) socket.destroy();
}

const acts: Record<FrailRequest, () => void> = {
  'cut peers': () => {
    cutSockets(true);
    for (const connection of connections) connection.close();
    connections.clear();
  },
  'cut hub': () => cutSockets(false),
  'fail load': () => failingLoads++,
  'fill disk': () => (isDiskFull = true),
  'empty disk': () => (isDiskFull = false),
  // The last one that was begun computes.
  'end thread': () => void threads.at(-1)?.terminate(),
};

function trackSockets(): void {
  for (const channel of ['net.client.socket', 'net.server.socket']) {
    subscribe(channel, (message) => {
      const { socket } = message as { socket: Socket };
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
  }
}

/** The worker takes the class that is there, and puts its own where there is none: that one is kept, and watched. */
function trackConnections(): void {
  let tracked: unknown;
  Object.defineProperty(globalThis, 'RTCPeerConnection', {
    configurable: true,
    get: () => tracked,
    set: (Connection: new (...args: unknown[]) => { close(): void }) => {
      tracked = class extends Connection {
        constructor(...args: unknown[]) {
          super(...args);
          connections.add(this);
        }
      };
    },
  });
}

async function makeDiskFrail(): Promise<void> {
  const handle = await fs.open(import.meta.filename);
  const files = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  const write = Reflect.get(files, 'write') as (...args: unknown[]) => Promise<unknown>;
  const frailWrite = function (this: typeof handle, ...args: unknown[]): Promise<unknown> {
    if (isDiskFull) return Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
    return write.apply(this, args);
  };
  Reflect.set(files, 'write', frailWrite);
  const { mkdir } = fs;
  fs.mkdir = (async (...args: Parameters<typeof mkdir>) => {
    if (failingLoads > 0 && String(args[0]).includes('loading-')) {
      failingLoads--;
      throw new Error('the weights could not be laid out');
    }
    return mkdir(...args);
  }) as typeof mkdir;
  syncBuiltinESMExports();
}

if (isMainThread && process.send) {
  trackSockets();
  trackConnections();
  await makeDiskFrail();
  process.on('worker', (thread) => threads.push(thread));
  process.on('message', (request: FrailRequest) => acts[request]());
  // What is asked keeps no process alive.
  process.channel?.unref();
}
