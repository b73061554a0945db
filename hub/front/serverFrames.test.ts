import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ServerFrames } from './serverFrames.ts';

const head = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n');

function frame(length: number, opcode = 2): Buffer {
  const payload = Buffer.alloc(length, 0xff);
  if (length < 126) return Buffer.concat([Buffer.from([0x80 | opcode, length]), payload]);
  const start = Buffer.alloc(length < 65_536 ? 4 : 10);
  start.writeUInt8(0x80 | opcode, 0);
  if (length < 65_536) {
    start.writeUInt8(126, 1);
    start.writeUInt16BE(length, 2);
  } else {
    start.writeUInt8(127, 1);
    start.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([start, payload]);
}

test('a frame may follow at the ends of frames and nowhere else, however they were cut on their way', () => {
  const lengths = fc.array(fc.oneof(fc.nat(300), fc.constantFrom(125, 126, 65_535, 65_536)), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(lengths, fc.array(fc.nat(200_000), { maxLength: 8 }), (sizes, cuts) => {
      const parts = [head, ...sizes.map((size) => frame(size))];
      const bytes = Buffer.concat(parts);
      const ends = new Set<number>();
      parts.reduce((at, part) => (ends.add(at + part.length), at + part.length), 0);
      const places = [...cuts.map((cut) => cut % bytes.length), bytes.length].toSorted((a, b) => a - b);
      const frames = new ServerFrames();
      let from = 0;
      for (const place of places) {
        frames.take(bytes.subarray(from, place));
        from = place;
        expect(frames.mayFollow).toBe(ends.has(place));
      }
    }),
  );
});

test('none follows the last frame, and none an answer that is no web socket', () => {
  const closed = new ServerFrames();
  closed.take(Buffer.concat([head, frame(2, 8)]));
  const refused = new ServerFrames();
  refused.take(Buffer.from('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n'));
  expect([closed.mayFollow, refused.mayFollow]).toEqual([false, false]);
});
