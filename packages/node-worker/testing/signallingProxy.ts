/** The hub's own signalling beside a scripted hub: a server of its own, to which web sockets are passed on. */
import type { IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { WebSocketServer } from 'ws';
import { SignallingRoom } from '../../../hub/network/signalling/signallingRoom.ts';
import { signallingRoutes } from '../../../hub/network/signalling/signallingRoutes.ts';

export interface SignallingProxy {
  /** For `startScriptedHub`. */
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  /** Part of `welcome`. */
  signalling: { path: string; key: string; token: string };
  stop: () => void;
}

export async function startSignalling(): Promise<SignallingProxy> {
  const app = new Hono().route('/peerjs', signallingRoutes({ room: new SignallingRoom() }));
  const socketServer = new WebSocketServer({ noServer: true });
  const server = serve({
    fetch: app.fetch,
    port: 0,
    hostname: '127.0.0.1',
    websocket: { server: socketServer as never },
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    signalling: { path: '/peerjs', key: 'peerjs', token: 'signalling' },
    upgrade(request, socket, head) {
      if (!request.url?.startsWith('/peerjs/')) return false;
      const onward = connect(port, '127.0.0.1', () => {
        const lines = [`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/1.1`];
        for (let index = 0; index < request.rawHeaders.length; index += 2) {
          lines.push(`${request.rawHeaders[index] ?? ''}: ${request.rawHeaders[index + 1] ?? ''}`);
        }
        onward.write(`${lines.join('\r\n')}\r\n\r\n`);
        onward.write(head);
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      socket.on('error', () => onward.destroy());
      return true;
    },
    stop() {
      for (const client of socketServer.clients) client.terminate();
      server.close();
    },
  };
}
