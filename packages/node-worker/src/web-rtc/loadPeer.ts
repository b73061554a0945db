/** PeerJS in Node: it looks for a browser's globals when it is imported, so they must be there before. */
import type { Peer } from 'peerjs';
import { HubWebSocket } from '../hub-certificate/hubWebSocket.ts';
import { escapedIceServers } from './escapedIceServers.ts';

export async function loadPeer(): Promise<typeof Peer> {
  const polyfill = await import('node-datachannel/polyfill');
  const { RTCSessionDescription, RTCIceCandidate } = polyfill;
  const RTCPeerConnection = class extends polyfill.RTCPeerConnection {
    constructor({ iceServers = [], ...config }: RTCConfiguration = {}) {
      super({ ...config, iceServers: escapedIceServers(iceServers) });
    }
  };
  for (const [name, value] of Object.entries({ RTCPeerConnection, RTCSessionDescription, RTCIceCandidate })) {
    (globalThis as Record<string, unknown>)[name] ??= value;
  }
  // Signalling is the hub's, whose certificate may be its own.
  (globalThis as { WebSocket: unknown }).WebSocket = HubWebSocket;
  const module = (await import('peerjs')) as unknown as {
    default: { Peer?: typeof Peer };
    Peer?: typeof Peer;
  };
  const PeerClass = module.default.Peer ?? module.Peer;
  if (!PeerClass) throw new Error('PeerJS exports no Peer');
  return PeerClass;
}

/** Ends node-datachannel's threads, which would keep the process alive. */
export async function cleanUpWebRtc(): Promise<void> {
  const { cleanup } = await import('node-datachannel');
  cleanup();
}
