/** PeerJS carries offers and answers between workers, through the hub. */
import { WorkerId, atHub } from '@potluck/protocol';
import type { DataConnection, Peer } from 'peerjs';
import { TransportClosedError } from '../errors.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import type { DirectConnectorInit } from './directConnector.ts';

const rejoinAfterMs = 2_000;

export interface SignallingComponents {
  /** Imports PeerJS, once the host has put in place what PeerJS wants to find. */
  loadPeer: () => Promise<typeof Peer>;
  log: Log;
}

export interface SignallingInit extends Omit<DirectConnectorInit, 'onTransport'> {
  /** A peer begins a connection to this worker. */
  onConnection: (peer: WorkerId, connection: DataConnection) => void;
}

export interface PeerJsSignalling {
  /** Joins the signalling server and stays there; may be called again at any time. */
  start(init: SignallingInit): Promise<void>;
  /** Begins a connection to a peer, as soon as the server is there. @throws TransportClosedError or the signal's reason */
  call(peer: WorkerId, signal: AbortSignal): Promise<DataConnection>;
  close(): void;
}

export function peerJsSignalling({ loadPeer, log }: SignallingComponents): PeerJsSignalling {
  let signalling: Peer | undefined;
  let started: string | undefined;
  let closed = false;
  let rejoin: ReturnType<typeof setTimeout> | undefined;

  function join(PeerClass: typeof Peer, init: SignallingInit): void {
    const url = atHub(init.hubUrl, init.signalling.path);
    const secure = url.protocol === 'https:';
    const peer = new PeerClass(init.workerId, {
      host: url.hostname,
      port: Number(url.port) || (secure ? 443 : 80),
      secure,
      path: url.pathname,
      key: init.signalling.key,
      token: init.signalling.token,
      config: { iceServers: init.iceServers },
      debug: 0,
    });
    signalling = peer;
    const again = (): void => {
      if (closed || signalling !== peer) return;
      clearTimeout(rejoin);
      rejoin = setTimeout(() => {
        if (closed || signalling !== peer) return;
        if (peer.destroyed) join(PeerClass, init);
        else if (peer.disconnected) peer.reconnect();
      }, rejoinAfterMs);
    };
    peer.on('connection', (connection) => {
      const id = WorkerId.safeParse(connection.peer);
      if (id.success) init.onConnection(id.data, connection);
      else connection.close();
    });
    peer.on('error', (error) => {
      log.debug({ reason: messageOf(error) }, 'signalling failed');
      again();
    });
    peer.on('disconnected', again);
    peer.on('close', again);
  }

  return {
    async start(init) {
      const wanted = JSON.stringify([init.hubUrl, init.signalling, init.iceServers]);
      if (started === wanted && signalling && !signalling.destroyed) return;
      started = wanted;
      const PeerClass = await loadPeer();
      if (closed) return;
      signalling?.destroy();
      join(PeerClass, init);
    },
    async call(peer, signal) {
      signal.throwIfAborted();
      if (!signalling || signalling.destroyed || signalling.disconnected) {
        throw new TransportClosedError('the signalling server is not connected');
      }
      const server = signalling;
      await joined(server, signal);
      return server.connect(peer, { serialization: 'raw', reliable: true });
    },
    close() {
      closed = true;
      clearTimeout(rejoin);
      signalling?.destroy();
    },
  };
}

function joined(peer: Peer, signal: AbortSignal): Promise<void> {
  if (peer.open) return Promise.resolve();
  return new Promise((resolve, reject) => {
    peer.once('open', () => resolve());
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
