/** Small pieces of answers on connections, where what each costs counts. */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';

/**
 * Writes a piece of an answer whose headers are flushed. Node's `write` gives a chunk to the connection in four parts, one behind the
 * other, at the end of the turn; for a token that costs as much as all else that is done with it. Here it is one part, where that is possible.
 * @returns false where the connection takes no more now: the answer then emits `drain`, as after `write`
 */
export function writeChunk(
  outgoing: ServerResponse,
  piece: string,
  encoding: 'utf8' | 'latin1' = 'utf8',
): boolean {
  const { socket } = outgoing;
  // An answer has its connection from when it is its turn, and what was written before then is on it.
  const isOnItsWay = socket !== null && outgoing.chunkedEncoding && !outgoing.writableEnded;
  if (!isOnItsWay || socket.writableNeedDrain || piece === '') return outgoing.write(piece, encoding);
  // As HTTP/1.1 has it (RFC 9112, 7.1).
  socket.write(`${Buffer.byteLength(piece, encoding).toString(16)}\r\n${piece}\r\n`, encoding);
  // If that was too much, the next piece learns of it.
  return true;
}
