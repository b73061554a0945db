/** A WebRTC data channel (ordered, reliable) as a transport. */
import { deferred, type Deferred } from '../deferred.ts';
import { TransportClosedError } from '../errors.ts';
import type { PeerTransport, PeerTransportEvents } from './peerTransport.ts';
import { selectedCandidatePair } from './selectedCandidatePair.ts';

/** Bytes in the channel's buffer above which senders wait: some slices, so that the wire never idles. */
const highWaterBytes = 1024 * 1024;
/** Bytes at which they go on. */
const lowWaterBytes = 256 * 1024;
const maxEarlySlices = 256;

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
  let events: PeerTransportEvents | undefined;
  /** The peer may send as soon as its end is open, before anyone listens here. */
  const early: Uint8Array<ArrayBuffer>[] = [];
  let closedReason: string | undefined;
  let room: Deferred<void> | undefined;
  channel.binaryType = 'arraybuffer';
  channel.bufferedAmountLowThreshold = lowWaterBytes;
  channel.onbufferedamountlow = () => {
    room?.resolve();
    room = undefined;
  };
  channel.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === 'string') end('the peer sent text on the activations channel');
    else if (events) events.onSlice(new Uint8Array(data));
    else if (early.length < maxEarlySlices) early.push(new Uint8Array(data));
    else end('the peer sent too much before this end was open');
  };
  channel.onclose = () => end('the data channel was closed');
  channel.onerror = () => end('the data channel failed');

  function end(reason: string): void {
    if (closedReason !== undefined) return;
    closedReason = reason;
    room?.reject(new TransportClosedError(reason));
    onClose();
    events?.onClosed(reason);
  }

  return {
    kind: 'direct',
    listen(listener) {
      events = listener;
      for (const slice of early.splice(0)) listener.onSlice(slice);
      if (closedReason !== undefined) listener.onClosed(closedReason);
    },
    send(slice) {
      if (closedReason !== undefined) throw new TransportClosedError(closedReason);
      try {
        channel.send(slice);
      } catch (error) {
        end('the data channel does not take what is sent');
        throw new TransportClosedError('the data channel does not take what is sent', { cause: error });
      }
      if (channel.bufferedAmount <= highWaterBytes) return undefined;
      return (room ??= deferred<void>()).promise;
    },
    ...(connection && { candidatePair: () => selectedCandidatePair(connection) }),
    close: () => end('closed by this worker'),
  };
}
