/** Passes web sockets on to the hub that leads, byte by byte. */
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { ApiError } from '../http/apiError.ts';
import type { LeaderBoard } from '../lead/leaderBoard.ts';
import { endWebSocket, otherHubLeads, type Goodbye } from '../network/goodbye.ts';
import type { LeaderLine } from './leaderLine.ts';
import { frontHeaders, passedHeaders } from './passedHeaders.ts';
import { refuseUpgrade, tooManyWait } from './refuse.ts';
import { ServerFrames } from './serverFrames.ts';
import type { Waiting } from './waiting.ts';

export interface UpgradeComponents {
  board: LeaderBoard;
  line: LeaderLine;
  waiting: Waiting;
  /** What is said where nobody leads for so long. */
  nobodyLeads: () => ApiError;
  /** Those that are open; each ends with a goodbye where it can. */
  joined: Set<(goodbye: Goodbye) => void>;
}

/** Less than a worker waits at most until its connection is open. */
const patienceMs = 15_000;
const pauseMs = 100;

export async function passUpgrade(
  { board, line, waiting, joined, nobodyLeads }: UpgradeComponents,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const gone = new AbortController();
  socket.on('error', () => undefined);
  socket.once('close', () => gone.abort());
  const { signal } = gone;
  const late = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  const leave = waiting.enter();
  try {
    while (leave && !late.aborted) {
      const leader = await board.whenServing(late);
      const upstream = leader && (await line.open(leader).catch(() => undefined));
      if (leader && upstream) {
        const end = join(incoming, socket, head, upstream, leader.secret);
        joined.add(end);
        socket.once('close', () => joined.delete(end));
        return;
      }
      await setTimeout(pauseMs, undefined, { signal: late }).catch(() => undefined);
    }
    refuseUpgrade(incoming, socket, leave ? nobodyLeads() : tooManyWait);
  } finally {
    leave?.();
  }
}

/** @returns what ends it, with a goodbye where the hub that leads is not in the middle of a frame */
function join(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  upstream: Socket,
  secret: string,
): (goodbye: Goodbye) => void {
  const headers = [
    ...passedHeaders(incoming.rawHeaders),
    ...frontHeaders(secret, incoming, undefined),
    ...['connection', 'upgrade', 'upgrade', incoming.headers.upgrade ?? 'websocket'],
  ];
  const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    lines.push(`${headers[index]}: ${headers[index + 1]}`);
  }
  upstream.on('error', () => undefined);
  upstream.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (head.length > 0) upstream.write(head);
  if (socket instanceof Socket) socket.setNoDelay(true);
  const frames = new ServerFrames();
  upstream.on('data', (chunk: Buffer) => frames.take(chunk));
  socket.pipe(upstream);
  // The hub that leads ends it by a frame of its own, where it can.
  upstream.pipe(socket, { end: false });
  const end = (goodbye: Goodbye): void => {
    if (socket.writableEnded || socket.destroyed) return;
    upstream.unpipe(socket);
    if (frames.mayFollow) endWebSocket(socket, goodbye);
    else socket.end(() => socket.destroy());
  };
  // One that is lost takes the other with it, also where it never said goodbye.
  upstream.once('close', () => end(otherHubLeads));
  socket.once('close', () => upstream.destroy());
  return end;
}
