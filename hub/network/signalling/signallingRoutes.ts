/** The PeerJS server protocol over Hono web sockets, for `peerjs` clients. */
import { randomUUID } from 'node:crypto';
import { upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import type { WSContext } from 'hono/ws';
import type { WebSocket } from 'ws';
import { decodeClientMessage, type ServerMessage } from './signallingMessage.ts';
import type { SignallingRoom, SignallingSocket } from './signallingRoom.ts';

const closeGraceMs = 2000;

export interface SignallingOptions {
  room: SignallingRoom;
  /** The key that clients name. Default `peerjs`, as in the client. */
  key?: string;
  /** True where this id may use this token. Default: every id may. */
  mayEnter?: (id: string, token: string) => boolean;
}

/**
 * Routes to mount under a path such as `/peerjs`. The server needs `websocket: { server }` of @hono/node-server.
 *
 * @example
 * const app = new Hono().route('/peerjs', signallingRoutes({ room: new SignallingRoom() }));
 * serve({ fetch: app.fetch, port: 9000, websocket: { server: new WebSocketServer({ noServer: true }) } });
 */
export function signallingRoutes(options: SignallingOptions): Hono {
  const { room, key = 'peerjs', mayEnter = () => true } = options;
  const app = new Hono();
  app.get('/:key/id', (c) => (c.req.param('key') === key ? c.text(randomUUID()) : c.notFound()));
  app.get(
    '/peerjs',
    upgradeWebSocket((c) => {
      const { id = '', token = '', key: givenKey = '' } = c.req.query();
      let client: SignallingSocket | undefined;
      return {
        onOpen: (_event, context) => {
          client = clientSocket(context);
          const refusal = refusalOf(givenKey === key, id !== '' && token !== '' && mayEnter(id, token), () =>
            room.enter(id, token, client as SignallingSocket),
          );
          if (!refusal) return;
          client.send(refusal);
          client.close();
        },
        onMessage: ({ data }) => {
          const message = typeof data === 'string' ? decodeClientMessage(data) : undefined;
          if (message && client) room.receive(id, client, message);
          else client?.close();
        },
        onClose: () => {
          if (client) room.leave(id, client);
        },
      };
    }),
  );
  return app;
}

function refusalOf(keyFits: boolean, mayEnter: boolean, enter: () => boolean): ServerMessage | undefined {
  if (!keyFits) return { type: 'INVALID-KEY', payload: { msg: 'Invalid key provided' } };
  if (!mayEnter)
    return { type: 'ERROR', payload: { msg: 'This id may not use signalling, or its token is wrong' } };
  if (!enter()) return { type: 'ID-TAKEN', payload: { msg: 'ID is taken' } };
  return undefined;
}

function clientSocket(context: WSContext<unknown>): SignallingSocket {
  const socket = context.raw as WebSocket;
  return {
    send: (message) => {
      if (context.readyState === 1) context.send(JSON.stringify(message));
    },
    close: () => {
      context.close();
      // Whoever does not answer the closing keeps nothing open here.
      setTimeout(() => socket.terminate(), closeGraceMs).unref();
    },
  };
}
