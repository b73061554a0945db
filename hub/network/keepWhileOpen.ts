import type { Duplex } from 'node:stream';

/** Keeps a connection in a set for as long as it is open. */
export function keepWhileOpen<S extends Duplex>(sockets: Set<S>, socket: S): void {
  // One connection may bring many requests.
  if (sockets.has(socket)) return;
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}
