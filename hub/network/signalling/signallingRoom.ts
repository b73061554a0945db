/** Who is connected to signalling, and the messages that wait for those who are not there yet. */
import type { ClientMessage, ServerMessage } from './signallingMessage.ts';

/** Messages for a peer that is not there are kept this long, as the PeerJS server does. */
const defaultExpiryMs = 5000;
const maxWaitingPerPeer = 200;
const maxWaiting = 5000;

/** A connected client. */
export interface SignallingSocket {
  send(message: ServerMessage): void;
  close(): void;
}

interface Waiting {
  message: ServerMessage & { src: string; dst: string };
  timer: NodeJS.Timeout;
}

export interface SignallingRoomInit {
  /** How long messages wait for a peer that is not there, in milliseconds. Default 5000. */
  expiryMs?: number;
  /** True where a client may send to another. Default: everybody may. */
  mayReach?: (from: string, to: string) => boolean;
}

export class SignallingRoom {
  readonly #expiryMs: number;
  readonly #mayReach: (from: string, to: string) => boolean;
  readonly #clients = new Map<string, { token: string; socket: SignallingSocket }>();
  readonly #waiting = new Map<string, Set<Waiting>>();
  #waitingCount = 0;

  constructor(init: SignallingRoomInit = {}) {
    this.#expiryMs = init.expiryMs ?? defaultExpiryMs;
    this.#mayReach = init.mayReach ?? (() => true);
  }

  /**
   * Connects a client. The same token again takes the place over (and gets OPEN again: peerjs 1289).
   * @returns false if the id is in use with another token
   */
  enter(id: string, token: string, socket: SignallingSocket): boolean {
    const present = this.#clients.get(id);
    if (present && present.token !== token) return false;
    this.#clients.set(id, { token, socket });
    present?.socket.close();
    socket.send({ type: 'OPEN' });
    for (const waiting of this.#waiting.get(id) ?? []) {
      clearTimeout(waiting.timer);
      this.#waitingCount--;
      socket.send(waiting.message);
    }
    this.#waiting.delete(id);
    return true;
  }

  /** Takes a message of a connected client. */
  receive(id: string, socket: SignallingSocket, message: ClientMessage): void {
    if (this.#clients.get(id)?.socket !== socket || message.type === 'HEARTBEAT') return;
    const { type, dst } = message;
    if (dst === undefined) {
      if (type === 'LEAVE') this.leave(id, socket);
      return;
    }
    const forwarded = { ...message, src: id, dst };
    if (!this.#mayReach(id, dst)) {
      this.#expire(forwarded);
      return;
    }
    const receiver = this.#clients.get(dst);
    if (receiver) receiver.socket.send(forwarded);
    else if (type !== 'LEAVE' && type !== 'EXPIRE') this.#keep(forwarded);
  }

  /** Forgets a client whose socket closed, if it still holds its place. */
  leave(id: string, socket: SignallingSocket): void {
    if (this.#clients.get(id)?.socket === socket) this.#clients.delete(id);
  }

  /** Closes a client's socket; its token is no longer good. */
  expel(id: string): void {
    const present = this.#clients.get(id);
    this.#clients.delete(id);
    present?.socket.close();
  }

  /** Closes every socket and drops what waits. */
  stop(): void {
    for (const id of [...this.#clients.keys()]) this.expel(id);
    for (const set of this.#waiting.values()) for (const { timer } of set) clearTimeout(timer);
    this.#waiting.clear();
    this.#waitingCount = 0;
  }

  #keep(message: Waiting['message']): void {
    const set = this.#waiting.get(message.dst) ?? new Set();
    if (set.size >= maxWaitingPerPeer || this.#waitingCount >= maxWaiting) {
      this.#expire(message);
      return;
    }
    this.#waiting.set(message.dst, set);
    this.#waitingCount++;
    const waiting: Waiting = {
      message,
      timer: setTimeout(() => {
        set.delete(waiting);
        if (set.size === 0) this.#waiting.delete(message.dst);
        this.#waitingCount--;
        this.#expire(message);
      }, this.#expiryMs),
    };
    set.add(waiting);
  }

  /** Tells a sender that its message did not arrive. */
  #expire({ src, dst }: Waiting['message']): void {
    this.#clients.get(src)?.socket.send({ type: 'EXPIRE', src: dst, dst: src });
  }
}
