/** Follows what a server says on a connection that becomes a web socket, to know where its frames end (RFC 6455, 5.2). */
import { Buffer } from 'node:buffer';

const headEnd = '\r\n\r\n';
/** Longer heads are no web socket's. */
const mostHeadBytes = 64 * 1024;
const closeOpcode = 0x8;

export class ServerFrames {
  /** What came of the answer's head; undefined once all of it has. */
  #head: Buffer | undefined = Buffer.alloc(0);
  #isWebSocket = false;
  /** What came of a frame's head. */
  #frameHead: number[] = [];
  /** What is still to come of a frame, in bytes. */
  #left = 0;
  #isClosed = false;

  /** True where a frame may follow what came so far. */
  get mayFollow(): boolean {
    return this.#isWebSocket && !this.#isClosed && this.#left === 0 && this.#frameHead.length === 0;
  }

  take(chunk: Buffer): void {
    const frames = this.#head ? this.#afterHead(chunk, this.#head) : chunk;
    if (!this.#isWebSocket) return;
    for (let at = 0; at < frames.length;) {
      const skipped = Math.min(this.#left, frames.length - at);
      this.#left -= skipped;
      at += skipped;
      if (at === frames.length) return;
      this.#frameHead.push(frames[at] ?? 0);
      at++;
      const length = lengthIn(this.#frameHead);
      if (length === undefined) continue;
      if (((this.#frameHead[0] ?? 0) & 0x0f) === closeOpcode) this.#isClosed = true;
      this.#frameHead = [];
      this.#left = length;
    }
  }

  #afterHead(chunk: Buffer, before: Buffer): Buffer {
    const all = Buffer.concat([before, chunk]);
    const at = all.indexOf(headEnd);
    const none = Buffer.alloc(0);
    if (at < 0 && all.length <= mostHeadBytes) {
      this.#head = all;
      return none;
    }
    this.#head = undefined;
    this.#isWebSocket = at >= 0 && /^HTTP\/1\.1 101 /.test(all.toString('latin1', 0, 20));
    return at < 0 ? none : all.subarray(at + headEnd.length);
  }
}

/** @returns how many bytes follow the head of a frame, its mask among them; undefined while the head is not whole */
function lengthIn(head: readonly number[]): number | undefined {
  const [, second] = head;
  if (second === undefined) return undefined;
  const short = second & 0x7f;
  const maskBytes = (second & 0x80) === 0 ? 0 : 4;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (head.length < 2 + extended) return undefined;
  if (extended === 0) return short + maskBytes;
  return head.slice(2).reduce((length, byte) => length * 256 + byte, 0) + maskBytes;
}
