/** A stream socket of this machine as a transport: each slice behind its length. */
import type { Socket } from 'node:net';
import { maxSliceBytes } from '@potluck/protocol';
import {
  deferred,
  TransportClosedError,
  type Deferred,
  type PeerTransport,
  type PeerTransportEvents,
} from '@potluck/worker';

const headBytes = 4;
/** Bytes that wait above which senders do. */
const highWaterBytes = 1024 * 1024;
const none = Buffer.alloc(0);

/**
 * @param socket open and paused, with nobody else who reads
 * @param first bytes that were read already
 */
export function socketTransport(socket: Socket, first: Buffer = none): PeerTransport {
  let events: PeerTransportEvents | undefined;
  let closedReason: string | undefined;
  let room: Deferred<void> | undefined;
  let unread = first;

  function end(reason: string): void {
    if (closedReason !== undefined) return;
    closedReason = reason;
    room?.reject(new TransportClosedError(reason));
    socket.destroy();
    events?.onClosed(reason);
  }

  function read(chunk: Buffer): void {
    unread = unread.byteLength === 0 ? chunk : Buffer.concat([unread, chunk]);
    while (unread.byteLength >= headBytes && closedReason === undefined) {
      const length = unread.readUInt32LE(0);
      if (length > maxSliceBytes) {
        end(`the peer sent a slice of ${length} bytes`);
        return;
      }
      if (unread.byteLength < headBytes + length) return;
      // In a buffer of its own: tensors in it are to lie at multiples of their size, and are given away.
      const slice = new Uint8Array(unread.subarray(headBytes, headBytes + length));
      unread = unread.subarray(headBytes + length);
      events?.onSlice(slice);
    }
  }

  socket.on('error', () => end('the connection failed'));
  socket.on('close', () => end('the connection was closed'));
  socket.on('drain', () => {
    room?.resolve();
    room = undefined;
  });
  return {
    kind: 'direct',
    listen(listener) {
      events = listener;
      if (closedReason !== undefined) {
        listener.onClosed(closedReason);
        return;
      }
      read(none);
      socket.on('data', read);
      socket.resume();
    },
    send(slice) {
      if (closedReason !== undefined) throw new TransportClosedError(closedReason);
      const bytes = Buffer.allocUnsafe(headBytes + slice.byteLength);
      bytes.writeUInt32LE(slice.byteLength, 0);
      bytes.set(slice, headBytes);
      socket.write(bytes);
      if (socket.writableLength <= highWaterBytes) return undefined;
      return (room ??= deferred<void>()).promise;
    },
    close: () => end('closed by this worker'),
  };
}
