/** A load balancer as small as one can be: TCP connections go to one hub after the other, past those that are gone. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Balancer extends AsyncDisposable {
  url: string;
}

/** @param ports of this machine */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  let next = 0;
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    keep(socket);
    void (async () => {
      for (let tries = 0; tries < ports.length; tries++) {
        const upstream = connect(ports[next++ % ports.length] ?? 0, '127.0.0.1');
        keep(upstream);
        const isThere = await once(upstream, 'connect').then(
          () => true,
          () => false,
        );
        if (!isThere) continue;
        socket.once('close', () => upstream.destroy());
        upstream.once('close', () => socket.destroy());
        upstream.pipe(socket);
        socket.pipe(upstream);
        return;
      }
      socket.destroy();
    })();
  });
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on('error', () => undefined).once('close', () => open.delete(socket));
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}
