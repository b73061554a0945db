/** Direct connections on which everything comes later: what a long line does, for measurements. */
import type { DirectConnector } from './directConnector.ts';
import type { PeerTransport } from './peerTransport.ts';

/** @param delayMs one way, in milliseconds, beside what the real line takes */
export function slowConnector(connector: DirectConnector, delayMs: number): DirectConnector {
  return {
    start: (init) =>
      connector.start({
        ...init,
        onTransport: (peer, transport) => init.onTransport(peer, slowed(transport, delayMs)),
      }),
    connect: async (peer, signal) => slowed(await connector.connect(peer, signal), delayMs),
    close: () => connector.close(),
  };
}

/** Slices arrive later, in their order. */
function slowed(transport: PeerTransport, delayMs: number): PeerTransport {
  return {
    kind: transport.kind,
    listen: (events) =>
      transport.listen({
        ...events,
        onSlice: (slice) => setTimeout(() => events.onSlice(slice), delayMs),
        onClosed: (reason) => setTimeout(() => events.onClosed(reason), delayMs),
      }),
    send: (slice) => transport.send(slice),
    candidatePair: () => transport.candidatePair?.() ?? Promise.resolve(undefined),
    close: () => transport.close(),
  };
}
