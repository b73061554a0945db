/** How the hub ends web sockets whose other end did nothing wrong: it says why, so that who has one connects again at once. */
import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';

export interface Goodbye {
  /** Of RFC 6455, 7.4.1, and its registry. */
  code: number;
  /** For people, at most 123 bytes. */
  reason: string;
}

export const hubStops: Goodbye = { code: 1001, reason: 'this hub stops' };
export const otherHubLeads: Goodbye = { code: 1012, reason: 'another hub takes over' };

/** The other end answers, and closes. */
const graceMs = 2000;

/** Ends a connection between two frames of a server's web socket. */
export function endWebSocket(socket: Duplex, goodbye: Goodbye): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), graceMs).unref();
  socket.once('close', () => clearTimeout(timer));
  socket.on('error', () => undefined);
  socket.end(closeFrame(goodbye));
}

/** As a server sends it: not masked (RFC 6455, 5.5.1). */
function closeFrame({ code, reason }: Goodbye): Buffer {
  const text = Buffer.from(reason);
  const frame = Buffer.alloc(4 + text.length);
  frame.writeUInt8(0x88, 0);
  frame.writeUInt8(2 + text.length, 1);
  frame.writeUInt16BE(code, 2);
  text.copy(frame, 4);
  return frame;
}
