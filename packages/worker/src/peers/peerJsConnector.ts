/** Direct connections by WebRTC, where the agent and WebRTC share a thread. */
import type { DataConnection } from 'peerjs';
import { TransportClosedError } from '../errors.ts';
import { messageOf } from '../messageOf.ts';
import { dataChannelTransport } from './dataChannelTransport.ts';
import type { DirectConnector } from './directConnector.ts';
import { openActivationsChannel } from './openActivationsChannel.ts';
import { peerJsSignalling, type SignallingComponents } from './peerJsSignalling.ts';
import type { PeerTransport } from './peerTransport.ts';
import { retrySoon } from './retrySoon.ts';

export function peerJsConnector(components: SignallingComponents): DirectConnector {
  const { log } = components;
  const signalling = peerJsSignalling(components);
  return {
    start: ({ onTransport, ...init }) =>
      signalling.start({
        ...init,
        onConnection: (peer, connection) => {
          openTransport(connection)
            .then((transport) => onTransport(peer, transport))
            .catch((error: unknown) => {
              log.debug({ peer, reason: messageOf(error) }, 'a peer could not connect');
            });
        },
      }),
    connect: (peer, signal) =>
      retrySoon({ signal, log }, async () => openTransport(await signalling.call(peer, signal), signal)),
    close: () => signalling.close(),
  };
}

/** Opens the activations channel on a connection that PeerJS has begun. */
function openTransport(connection: DataConnection, signal?: AbortSignal): Promise<PeerTransport> {
  return new Promise((resolve, reject) => {
    const channel = openActivationsChannel(connection, (reason) => fail(reason));
    const rtc = connection.peerConnection as RTCPeerConnection | undefined;
    // PeerJS's own close first tells the peer, which this must not wait for.
    const transport = dataChannelTransport(channel, () => connection.close(), rtc);
    const fail = (reason: string): void => {
      transport.close();
      reject(new TransportClosedError(reason));
    };
    const onAbort = (): void => fail('it took too long');
    channel.addEventListener('open', () => {
      // From here on the connection is its user's to close.
      signal?.removeEventListener('abort', onAbort);
      resolve(transport);
    });
    channel.addEventListener('close', () => fail('the connection was closed before it was open'));
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
