/** The agent's DirectConnector, in a web worker: the page makes the connections, the channels come here. */
import type { CandidatePair } from '@potluck/protocol';
import {
  dataChannelTransport,
  deferred,
  retrySoon,
  TransportClosedError,
  type Deferred,
  type DirectConnector,
  type DirectConnectorInit,
  type Log,
  type PeerTransport,
  type PeerTransportEvents,
} from '@potluck/worker';
import { portTransport } from './channelOverPort.ts';
import type { ToAgent, ToPage } from './messages.ts';

/** What the page says of a connection's addresses, and who wants to know. */
interface Path {
  pair: CandidatePair | undefined;
  events: PeerTransportEvents | undefined;
}

/** @param port its other end is served by `servePageConnections` */
export function pageConnector({ port, log }: { port: MessagePort; log: Log }): DirectConnector {
  /** Connections that are not open yet. */
  const opening = new Map<number, Deferred<PeerTransport>>();
  const transports = new Map<number, PeerTransport>();
  const paths = new Map<number, Path>();
  let onTransport: DirectConnectorInit['onTransport'] | undefined;
  let lastCall = 0;

  const tell = (message: ToPage): void => port.postMessage(message);

  function take(message: Extract<ToAgent, { type: 'connection' }>): void {
    const { id, peer, incoming } = message;
    const onOpen = (): void => {
      opening.get(id)?.resolve(transport);
      opening.delete(id);
      if (incoming) onTransport?.(peer, transport);
    };
    const onClose = (): void => {
      transports.delete(id);
      paths.delete(id);
      fail(id, 'the connection was closed before it was open');
      tell({ type: 'close', id });
    };
    const path: Path = { pair: undefined, events: undefined };
    paths.set(id, path);
    const transport = withPath(
      path,
      message.channel
        ? dataChannelTransport(message.channel, onClose)
        : portTransport(message.port, onOpen, onClose),
    );
    message.channel?.addEventListener('open', onOpen);
    transports.set(id, transport);
    // Given up while the page made it.
    if (!incoming && !opening.has(id)) transport.close();
  }

  function fail(id: number, reason: string): void {
    opening.get(id)?.reject(new TransportClosedError(reason));
    opening.delete(id);
  }

  port.onmessage = ({ data }: MessageEvent<ToAgent>) => {
    if (data.type === 'connection') {
      take(data);
      return;
    }
    if (data.type === 'path') {
      const path = paths.get(data.id);
      if (!path) return;
      path.pair = data.pair;
      path.events?.onPath?.();
      return;
    }
    fail(data.id, data.reason);
    transports.get(data.id)?.close();
  };

  return {
    async start({ onTransport: listener, ...init }) {
      onTransport = listener;
      tell({ type: 'join', init });
    },
    connect: (peer, signal) =>
      retrySoon({ signal, log }, () => {
        signal.throwIfAborted();
        const id = (lastCall += 2);
        const waiting = deferred<PeerTransport>();
        opening.set(id, waiting);
        signal.addEventListener('abort', () => {
          if (!opening.has(id)) return;
          fail(id, 'it took too long');
          transports.get(id)?.close();
          tell({ type: 'close', id });
        });
        tell({ type: 'call', id, peer });
        return waiting.promise;
      }),
    close: () => tell({ type: 'leave' }),
  };
}

/** The transport, which also tells the addresses in use. */
function withPath(path: Path, transport: PeerTransport): PeerTransport {
  return {
    ...transport,
    listen(events) {
      path.events = events;
      transport.listen(events);
    },
    candidatePair: async () => path.pair,
  };
}
