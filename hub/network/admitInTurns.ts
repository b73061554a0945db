/** A server that a thousand clients come to at once goes on with those that it serves. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { InTurns } from '../fairness/inTurns.ts';

type Listener = (this: Server, ...values: unknown[]) => void;

/**
 * New connections, requests and upgrades to web sockets have their turn each, in the order in which they came. Called once,
 * when the server has its listeners.
 */
export function admitInTurns(server: Server): void {
  const turns = new InTurns();
  // Nothing is read of a connection before its turn.
  Object.assign(server, { pauseOnConnect: true });
  replace(server, 'connection', (listener, ...values) => {
    const socket = values[0] as Socket;
    turns.take(() => {
      if (!server.listening) socket.destroy();
      else {
        listener.call(server, socket);
        socket.resume();
      }
    });
  });
  replace(server, 'request', (listener, ...values) => turns.take(() => listener.call(server, ...values)));
  replace(server, 'upgrade', (listener, ...values) => {
    // Nobody else listens while it waits.
    (values[1] as Socket).on('error', () => undefined);
    turns.take(() => listener.call(server, ...values));
  });
}

function replace(
  server: Server,
  event: string,
  by: (listener: Listener, ...values: unknown[]) => void,
): void {
  const listeners = server.listeners(event) as Listener[];
  server.removeAllListeners(event);
  for (const listener of listeners) {
    server.on(event, (...values: unknown[]) => by(listener, ...values));
  }
}
