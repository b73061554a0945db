/** The control web socket as a Hono handler. */
import { upgradeWebSocket } from '@hono/node-server';
import type { Handler } from 'hono';
import type { WebSocket } from 'ws';
import { ControlConnection, type ControlComponents, type ControlInit } from './controlConnection.ts';
import type { WorkerSocket } from './workerRegistry.ts';

/** A worker that leaves this much unread is treated as gone. */
const maxUnsentBytes = 64 * 1024 * 1024;
const closeGraceMs = 2000;

/** Serves `workerSocketPath`. */
export function workerSocketRoute(components: ControlComponents, init: ControlInit): Handler {
  return upgradeWebSocket((c) => {
    let connection: ControlConnection | undefined;
    return {
      onOpen: (_event, context) => {
        connection = new ControlConnection(
          components,
          init,
          workerSocket(context.raw as unknown as WebSocket),
          { address: c.var.source.address ?? '', hubHost: c.var.source.host },
        );
      },
      onMessage: ({ data }) => {
        if (typeof data === 'string') connection?.receiveText(data);
        else if (data instanceof ArrayBuffer) connection?.receiveBinary(new Uint8Array(data));
      },
      onClose: ({ reason }) => {
        connection?.ended(reason ? `its connection closed (${reason})` : 'its connection closed');
      },
      onError: () => {
        connection?.ended('its connection failed');
      },
    };
  });
}

/** A web socket of the ws package as the registry's port. */
function workerSocket(socket: WebSocket): WorkerSocket {
  return {
    sendText: (text) => {
      if (socket.bufferedAmount > maxUnsentBytes) socket.terminate();
      else if (socket.readyState === socket.OPEN) socket.send(text);
    },
    sendBinary: (bytes, sent) => {
      if (socket.readyState === socket.OPEN) socket.send(bytes, { binary: true }, () => sent());
      else queueMicrotask(sent);
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    isPaused: () => socket.isPaused,
    close: (reason) => {
      // A paused socket never sees the other side's answer, and a dead one never gives it.
      socket.resume();
      socket.close(1000, reason.slice(0, 100));
      setTimeout(() => socket.terminate(), closeGraceMs).unref();
    },
  };
}
