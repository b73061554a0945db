/** The data channel that carries activations, on a connection that PeerJS has begun. */
import type { DataConnection } from 'peerjs';
import { TransportClosedError } from '../errors.ts';
import { messageOf } from '../messageOf.ts';

/** Both sides open this channel by themselves, beside the one that PeerJS makes. */
const activationsChannel = { label: 'activations', id: 100 };

/**
 * Both ends call this; the channel opens when the connection is there.
 * @param onBroken called, once or more, when the connection around the channel ends
 * @throws TransportClosedError if PeerJS made no connection
 */
export function openActivationsChannel(
  connection: DataConnection,
  onBroken: (reason: string) => void,
): RTCDataChannel {
  const rtc = connection.peerConnection as RTCPeerConnection | undefined;
  if (!rtc) throw new TransportClosedError('PeerJS made no connection');
  const channel = rtc.createDataChannel(activationsChannel.label, {
    negotiated: true,
    id: activationsChannel.id,
    ordered: true,
  });
  connection.on('close', () => onBroken('the peer closed the connection'));
  connection.on('error', (error) => onBroken(messageOf(error)));
  connection.on('iceStateChanged', (state) => {
    if (state === 'failed' || state === 'closed') onBroken(`the network path ${state}`);
  });
  return channel;
}
