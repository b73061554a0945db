/** Connections of one hub to the one that leads; they end when another leads. */
import { Agent, request, type ClientRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { LeaderBoard } from '../lead/leaderBoard.ts';
import type { LeaderRecord } from '../lead/leaderRecord.ts';
import { keepWhileOpen } from '../network/keepWhileOpen.ts';

/** A hub whose machine is gone says nothing at all. */
const connectMs = 2000;

export class LeaderLine {
  #agent = new Agent({ keepAlive: true });
  readonly #sockets = new Set<Socket>();
  readonly #stopListening: () => void;

  constructor(board: LeaderBoard) {
    let epoch: number | undefined;
    this.#stopListening = board.listen((record) => {
      // Nobody: perhaps the same one as before will say so again.
      if (record === undefined || record.epoch === epoch) return;
      epoch = record.epoch;
      this.#cut();
    });
  }

  /** @param headers names and values in turn */
  request(leader: LeaderRecord, method: string, target: string, headers: string[]): ClientRequest {
    const { hostname: host, port } = addressOf(leader);
    const asked = request({ host, port, method, path: target, headers, agent: this.#agent, setHost: false });
    asked.once('socket', (socket) => {
      socket.setNoDelay(true);
      limitConnecting(socket);
    });
    return asked;
  }

  /** A connection of its own, such as for a web socket. */
  open(leader: LeaderRecord): Promise<Socket> {
    const { hostname: host, port } = addressOf(leader);
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    limitConnecting(socket);
    keepWhileOpen(this.#sockets, socket);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(socket);
      });
    });
  }

  close(): void {
    this.#stopListening();
    this.#cut();
  }

  #cut(): void {
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true });
    for (const socket of this.#sockets) socket.destroy();
  }
}

function limitConnecting(socket: Socket): void {
  if (!socket.connecting) return;
  const timer = setTimeout(() => {
    socket.destroy(
      Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT', syscall: 'connect' }),
    );
  }, connectMs);
  const end = (): void => clearTimeout(timer);
  socket.once('connect', end).once('close', end);
}

function addressOf({ url }: LeaderRecord): { hostname: string; port: number } {
  const { hostname, port } = new URL(url);
  return { hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 80) };
}
