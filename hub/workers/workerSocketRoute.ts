/** The control web socket as a Hono handler. */
import { upgradeWebSocket } from '@hono/node-server';
import type { Handler } from 'hono';
import type { WebSocket } from 'ws';
import { ControlConnection, type ControlComponents, type ControlInit } from './controlConnection.ts';
import { Inboxes, type Inbox } from './inbox.ts';
import type { WorkerSocket } from './workerRegistry.ts';

/** A worker that leaves this much unread is treated as gone. */
const maxUnsentBytes = 64 * 1024 * 1024;
const closeGraceMs = 2000;

/** Serves `workerSocketPath`. */
export function workerSocketRoute(components: ControlComponents, init: ControlInit): Handler {
  const inboxes = new Inboxes();
  return upgradeWebSocket((c) => {
    let inbox: Inbox | undefined;
    return {
      onOpen: (_event, context) => {
        const raw = context.raw as unknown as WebSocket;
        const socket = workerSocket(raw);
        const opener = { address: c.var.source.address ?? '', hubHost: c.var.source.host };
        const opened = inboxes.open(socket, new ControlConnection(components, init, socket, opener));
        inbox = opened;
        // Not by `onMessage`: a browser's kind of event for each token costs as much as reading it.
        raw.on('message', (data: Buffer, isBinary: boolean) => {
          opened.deliver(
            isBinary ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data.toString(),
          );
        });
      },
      onClose: ({ reason }) => {
        inbox?.end(reason);
      },
      onError: () => {
        inbox?.end('its connection failed');
      },
    };
  });
}

/** A web socket of the ws package as the registry's port. */
function workerSocket(socket: WebSocket): WorkerSocket {
  let pauses = 0;
  let isClosing = false;
  return {
    sendText: (text) => {
      if (socket.bufferedAmount > maxUnsentBytes) socket.terminate();
      else if (socket.readyState === socket.OPEN) socket.send(text);
    },
    sendBinary: (bytes, sent) => {
      if (socket.readyState === socket.OPEN) socket.send(bytes, { binary: true }, () => sent());
      else queueMicrotask(sent);
    },
    pause: () => {
      pauses++;
      if (!isClosing) socket.pause();
    },
    resume: () => {
      pauses--;
      if (pauses === 0) socket.resume();
    },
    isPaused: () => socket.isPaused,
    close: (reason) => {
      // A paused socket never sees the other side's answer, and a dead one never gives it.
      isClosing = true;
      socket.resume();
      socket.close(1000, reason.slice(0, 100));
      setTimeout(() => socket.terminate(), closeGraceMs).unref();
    },
  };
}
