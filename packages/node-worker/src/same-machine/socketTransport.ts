/** A stream socket of this machine as a transport: each slice behind its length. */
import type { Socket } from 'node:net';
import { maxSliceBytes } from '@potluck/protocol';
import { TransportState, type PeerTransport } from '@potluck/worker';

const headBytes = 4;
/** Bytes that wait above which senders do. */
const highWaterBytes = 1024 * 1024;
const none = Buffer.alloc(0);

/**
 * @param socket open and paused, with nobody else who reads
 * @param first bytes that were read already
 */
export function socketTransport(socket: Socket, first: Buffer = none): PeerTransport {
  const state = new TransportState(() => socket.destroy());
  let unread = first;

  function read(chunk: Buffer): void {
    unread = unread.byteLength === 0 ? chunk : Buffer.concat([unread, chunk]);
    while (unread.byteLength >= headBytes && !state.isClosed) {
      const length = unread.readUInt32LE(0);
      if (length > maxSliceBytes) {
        state.end(`the peer sent a slice of ${length} bytes`);
        return;
      }
      if (unread.byteLength < headBytes + length) return;
      // In a buffer of its own: tensors in it are to lie at multiples of their size, and are given away.
      const slice = new Uint8Array(unread.subarray(headBytes, headBytes + length));
      unread = unread.subarray(headBytes + length);
      state.take(slice);
    }
  }

  socket.on('error', () => state.end('the connection failed'));
  socket.on('close', () => state.end('the connection was closed'));
  socket.on('drain', () => state.giveRoom());
  return {
    kind: 'direct',
    listen(events) {
      state.listen(events);
      if (state.isClosed) return;
      read(none);
      socket.on('data', read);
      socket.resume();
    },
    send(slice) {
      state.mustBeOpen();
      const bytes = Buffer.allocUnsafe(headBytes + slice.byteLength);
      bytes.writeUInt32LE(slice.byteLength, 0);
      bytes.set(slice, headBytes);
      // What is sent in the same turn arrives in one, too: steps that shared a run share the next one.
      if (socket.writableCorked === 0) {
        socket.cork();
        queueMicrotask(() => socket.uncork());
      }
      socket.write(bytes);
      return socket.writableLength <= highWaterBytes ? undefined : state.waitForRoom();
    },
    close: () => state.end('closed by this worker'),
  };
}
