/** A data channel that stays in the page, as a transport in the agent's web worker: slices are transferred, not copied. */
import { TransportState, type PeerTransport } from '@potluck/worker';
import type { PortEvent } from './messages.ts';

/** Bytes on their way to the channel, or in its buffer, above which senders wait. */
const highWaterBytes = 1024 * 1024;
/** Bytes in the channel's buffer at which the page says that there is room. */
const lowWaterBytes = 256 * 1024;

/** In the page: passes slices on between a channel and a port until either ends. */
export function passOn(channel: RTCDataChannel, port: MessagePort): void {
  let untoldBytes = 0;
  let closed = false;
  const tell = (event: PortEvent): void => port.postMessage(event);
  const tellTaken = (): void => {
    if (untoldBytes > 0) tell({ type: 'taken', bytes: untoldBytes });
    untoldBytes = 0;
  };
  const end = (reason: string): void => {
    if (closed) return;
    closed = true;
    tell({ type: 'closed', reason });
    port.close();
    channel.close();
  };
  channel.binaryType = 'arraybuffer';
  channel.bufferedAmountLowThreshold = lowWaterBytes;
  channel.onbufferedamountlow = tellTaken;
  channel.onopen = () => tell({ type: 'open' });
  channel.onclose = () => end('the data channel was closed');
  channel.onerror = () => end('the data channel failed');
  channel.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === 'string') end('the peer sent text on the activations channel');
    else port.postMessage(data, [data]);
  };
  port.onmessage = ({ data }: MessageEvent<ArrayBuffer | 'close'>) => {
    if (data === 'close') {
      end('closed by this worker');
      return;
    }
    try {
      channel.send(data);
      untoldBytes += data.byteLength;
      if (channel.bufferedAmount <= lowWaterBytes) tellTaken();
    } catch {
      end('the data channel does not take what is sent');
    }
  };
}

/**
 * In the web worker: the transport over such a port.
 * @param onOpen called when the peer can be reached
 * @param onClose closes what is around the channel
 */
export function portTransport(port: MessagePort, onOpen: () => void, onClose: () => void): PeerTransport {
  const state = new TransportState(() => {
    port.close();
    onClose();
  });
  let underWayBytes = 0;
  port.onmessage = ({ data }: MessageEvent<ArrayBuffer | PortEvent>) => {
    if (data instanceof ArrayBuffer) state.take(new Uint8Array(data));
    else if (data.type === 'open') onOpen();
    else if (data.type === 'closed') state.end(data.reason);
    else {
      underWayBytes -= data.bytes;
      if (underWayBytes <= highWaterBytes) state.giveRoom();
    }
  };

  return {
    kind: 'direct',
    listen: (events) => state.listen(events),
    send(slice) {
      state.mustBeOpen();
      underWayBytes += slice.byteLength;
      // A slice that is part of something longer must be copied to be given away.
      const own = slice.byteLength === slice.buffer.byteLength ? slice : slice.slice();
      port.postMessage(own.buffer, [own.buffer]);
      return underWayBytes <= highWaterBytes ? undefined : state.waitForRoom();
    },
    close() {
      if (!state.isClosed) port.postMessage('close');
      state.end('closed by this worker');
    },
  };
}
