/** Direct connections by WebRTC; PeerJS carries the offers and answers through the hub. */
import { WorkerId } from '@potluck/protocol';
import type { DataConnection, Peer } from 'peerjs';
import { TransportClosedError } from '../errors.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import { dataChannelTransport } from './dataChannelTransport.ts';
import type { DirectConnector, DirectConnectorInit } from './DirectConnector.ts';
import type { PeerTransport } from './PeerTransport.ts';

/** Both sides open this channel by themselves, beside the one that PeerJS makes. */
const activationsChannel = { label: 'activations', id: 100 };
const rejoinAfterMs = 2_000;
/**
 * On one machine, about one connection in thirty of libdatachannel fails at once: DTLS starts before the answer with the
 * certificate's fingerprint has arrived by signalling ("unknown CA").
 */
const immediateAttempts = 4;

export interface PeerJsConnectorComponents {
  /** Imports PeerJS, once the host has put in place what PeerJS wants to find. */
  loadPeer: () => Promise<typeof Peer>;
  log: Log;
}

export function peerJsConnector({ loadPeer, log }: PeerJsConnectorComponents): DirectConnector {
  let signalling: Peer | undefined;
  let started: string | undefined;
  let closed = false;
  let rejoin: ReturnType<typeof setTimeout> | undefined;

  async function start(init: DirectConnectorInit): Promise<void> {
    const wanted = JSON.stringify([init.hubUrl, init.signalling, init.iceServers]);
    if (started === wanted && signalling && !signalling.destroyed) return;
    started = wanted;
    const PeerClass = await loadPeer();
    if (closed) return;
    signalling?.destroy();
    join(PeerClass, init);
  }

  function join(PeerClass: typeof Peer, init: DirectConnectorInit): void {
    const url = new URL(init.hubUrl);
    const secure = url.protocol === 'https:';
    const peer = new PeerClass(init.workerId, {
      host: url.hostname,
      port: Number(url.port) || (secure ? 443 : 80),
      secure,
      path: init.signalling.path,
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
      if (!id.success) {
        connection.close();
        return;
      }
      openChannel(connection)
        .then((transport) => init.onTransport(id.data, transport))
        .catch((error: unknown) => {
          log.debug({ peer: connection.peer, reason: messageOf(error) }, 'a peer could not connect');
        });
    });
    peer.on('error', (error) => {
      log.debug({ reason: messageOf(error) }, 'signalling failed');
      again();
    });
    peer.on('disconnected', again);
    peer.on('close', again);
  }

  return {
    start,
    async connect(peer, signal) {
      signal.throwIfAborted();
      if (!signalling || signalling.destroyed || signalling.disconnected) {
        throw new TransportClosedError('the signalling server is not connected');
      }
      const server = signalling;
      await joined(server, signal);
      for (let attempt = 1; ; attempt++) {
        const connection = server.connect(peer, { serialization: 'raw', reliable: true });
        try {
          return await openChannel(connection, signal);
        } catch (error) {
          if (signal.aborted || attempt === immediateAttempts) throw error;
          log.debug({ peer, attempt, reason: messageOf(error) }, 'connecting again at once');
        }
      }
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

/** Opens the activations channel on a connection that PeerJS has begun. */
function openChannel(connection: DataConnection, signal?: AbortSignal): Promise<PeerTransport> {
  return new Promise((resolve, reject) => {
    const rtc = connection.peerConnection as RTCPeerConnection | undefined;
    if (!rtc) {
      reject(new TransportClosedError('PeerJS made no connection'));
      return;
    }
    const channel = rtc.createDataChannel(activationsChannel.label, {
      negotiated: true,
      id: activationsChannel.id,
      ordered: true,
    });
    // PeerJS's own close first tells the peer, which this must not wait for.
    const transport = dataChannelTransport(channel, () => connection.close(), rtc);
    const fail = (reason: string): void => {
      transport.close();
      reject(new TransportClosedError(reason));
    };
    channel.addEventListener('open', () => resolve(transport));
    channel.addEventListener('close', () => fail('the connection was closed before it was open'));
    connection.on('close', () => fail('the peer closed the connection'));
    connection.on('error', (error) => fail(messageOf(error)));
    connection.on('iceStateChanged', (state) => {
      if (state === 'failed' || state === 'closed') fail(`the network path ${state}`);
    });
    signal?.addEventListener('abort', () => fail('it took too long'), { once: true });
  });
}
