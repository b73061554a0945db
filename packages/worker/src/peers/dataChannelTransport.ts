/** A WebRTC data channel (ordered, reliable) as a transport. */
import { TransportClosedError } from '../errors.ts';
import type { PeerTransport } from './peerTransport.ts';
import { selectedCandidatePair } from './selectedCandidatePair.ts';
import { TransportState } from './transportState.ts';

/** Bytes in the channel's buffer above which senders wait: some slices, so that the wire never idles. */
const highWaterBytes = 1024 * 1024;
/** Bytes at which they go on. */
const lowWaterBytes = 256 * 1024;

/**
 * @param channel opening or open
 * @param onClose closes what is around the channel
 * @param connection the channel's connection, where it is at hand: it knows the addresses in use
 */
export function dataChannelTransport(
  channel: RTCDataChannel,
  onClose: () => void,
  connection?: Pick<RTCPeerConnection, 'getStats'>,
): PeerTransport {
  const state = new TransportState(onClose);
  channel.binaryType = 'arraybuffer';
  channel.bufferedAmountLowThreshold = lowWaterBytes;
  channel.onbufferedamountlow = () => state.giveRoom();
  channel.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === 'string') state.end('the peer sent text on the activations channel');
    else state.take(new Uint8Array(data));
  };
  channel.onclose = () => state.end('the data channel was closed');
  channel.onerror = () => state.end('the data channel failed');

  return {
    kind: 'direct',
    listen: (events) => state.listen(events),
    send(slice) {
      state.mustBeOpen();
      try {
        channel.send(slice);
      } catch (error) {
        state.end('the data channel does not take what is sent');
        throw new TransportClosedError('the data channel does not take what is sent', { cause: error });
      }
      return channel.bufferedAmount <= highWaterBytes ? undefined : state.waitForRoom();
    },
    ...(connection && { candidatePair: () => selectedCandidatePair(connection) }),
    close: () => state.end('closed by this worker'),
  };
}
