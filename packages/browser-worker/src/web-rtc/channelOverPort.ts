/** A data channel that stays in the page, as a transport in the agent's web worker: slices are transferred, not copied. */
import {
  deferred,
  TransportClosedError,
  type Deferred,
  type PeerTransport,
  type PeerTransportEvents,
} from '@potluck/worker';
import type { PortEvent } from './messages.ts';

/** Bytes on their way to the channel, or in its buffer, above which senders wait. */
const highWaterBytes = 1024 * 1024;
/** Bytes in the channel's buffer at which the page says that there is room. */
const lowWaterBytes = 256 * 1024;
const maxEarlySlices = 256;

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
  let events: PeerTransportEvents | undefined;
  const early: Uint8Array<ArrayBuffer>[] = [];
  let closedReason: string | undefined;
  let underWayBytes = 0;
  let room: Deferred<void> | undefined;

  function end(reason: string): void {
    if (closedReason !== undefined) return;
    closedReason = reason;
    room?.reject(new TransportClosedError(reason));
    port.close();
    onClose();
    events?.onClosed(reason);
  }

  port.onmessage = ({ data }: MessageEvent<ArrayBuffer | PortEvent>) => {
    if (data instanceof ArrayBuffer) {
      if (events) events.onSlice(new Uint8Array(data));
      else if (early.length < maxEarlySlices) early.push(new Uint8Array(data));
      else end('the peer sent too much before this end was open');
    } else if (data.type === 'open') onOpen();
    else if (data.type === 'closed') end(data.reason);
    else {
      underWayBytes -= data.bytes;
      if (underWayBytes > highWaterBytes) return;
      room?.resolve();
      room = undefined;
    }
  };

  return {
    kind: 'direct',
    listen(listener) {
      events = listener;
      for (const slice of early.splice(0)) listener.onSlice(slice);
      if (closedReason !== undefined) listener.onClosed(closedReason);
    },
    send(slice) {
      if (closedReason !== undefined) throw new TransportClosedError(closedReason);
      underWayBytes += slice.byteLength;
      // A slice that is part of something longer must be copied to be given away.
      const own = slice.byteLength === slice.buffer.byteLength ? slice : slice.slice();
      port.postMessage(own.buffer, [own.buffer]);
      if (underWayBytes <= highWaterBytes) return undefined;
      return (room ??= deferred<void>()).promise;
    },
    close() {
      if (closedReason === undefined) port.postMessage('close');
      end('closed by this worker');
    },
  };
}
