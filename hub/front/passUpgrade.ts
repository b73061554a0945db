/** Passes web sockets on to the hub that leads, byte by byte. */
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { LeaderBoard } from '../lead/leaderBoard.ts';
import type { LeaderLine } from './leaderLine.ts';
import { frontHeaders, passedHeaders } from './passedHeaders.ts';
import type { Waiting } from './waiting.ts';

export interface UpgradeComponents {
  board: LeaderBoard;
  line: LeaderLine;
  waiting: Waiting;
}

/** Less than a worker waits for its welcome. */
const patienceMs = 15_000;
const pauseMs = 100;
const retryAfterSeconds = 2;

export async function passUpgrade(
  { board, line, waiting }: UpgradeComponents,
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
        join(incoming, socket, head, upstream, leader.secret);
        return;
      }
      await setTimeout(pauseMs, undefined, { signal: late }).catch(() => undefined);
    }
    socket.end(
      `HTTP/1.1 503 Service Unavailable\r\nretry-after: ${retryAfterSeconds}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    );
  } finally {
    leave?.();
  }
}

function join(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  upstream: Socket,
  secret: string,
): void {
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
  socket.pipe(upstream);
  upstream.pipe(socket);
  // One that is lost takes the other with it, also where it never said goodbye.
  upstream.once('close', () => socket.destroy());
  socket.once('close', () => upstream.destroy());
}
