/** Where several hubs serve one grid, one that stands still may get a connection that another would have answered: the next is tried beside it. */
import type { HubSocket, OpenHubSocket } from './hubSocket.ts';

/** A hub that is there answers within that time, in milliseconds. */
const nextAfterMs = 1500;
/** A load balancer with as many hubs that stand still has little to choose from. */
const mostTries = 4;

/** @returns what opens a connection beside those that are not open yet, again and again, and keeps the first that is */
export function firstSocket(openSocket: OpenHubSocket): OpenHubSocket {
  return (url, events) => {
    const waiting = new Set<HubSocket>();
    let tries = 0;
    let first: HubSocket | undefined;
    const close = (): void => {
      clearInterval(timer);
      for (const socket of waiting) socket.close();
      waiting.clear();
    };
    const attempt = (): void => {
      if (++tries === mostTries) clearInterval(timer);
      const socket = openSocket(url, {
        onOpen: () => {
          if (!waiting.delete(socket)) return;
          first = socket;
          close();
          events.onOpen();
        },
        onText: (text) => socket === first && events.onText(text),
        onBinary: (bytes) => socket === first && events.onBinary(bytes),
        onClosed: (reason) => {
          const wasWaiting = waiting.delete(socket);
          // The others may still be answered.
          if (socket !== first && !(wasWaiting && waiting.size === 0)) return;
          clearInterval(timer);
          events.onClosed(reason);
        },
      });
      waiting.add(socket);
    };
    const timer = setInterval(attempt, nextAfterMs);
    attempt();
    return {
      send: (data) => first?.send(data),
      close: () => {
        close();
        first?.close();
      },
    };
  };
}
