import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from './errors.ts';
import { maxFrameBytes } from './frame.ts';
import { WorkerId } from './ids.ts';
import { decodeRelay, encodeRelay } from './relay.ts';
import { cutIntoSlices, maxSliceBytes, SliceAssembler } from './slices.ts';

function bytesOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed) & 0xff);
}

test('interleaved frames come back whole, from slices that a data channel carries', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
      (lengths, picks) => {
        const frames = lengths.map((length, index) => bytesOf(length, index));
        const queues = frames.map((frame, index) => [...cutIntoSlices(index, frame)]);
        expect(queues.flat().every((slice) => slice.byteLength <= maxSliceBytes)).toBe(true);
        const assembler = new SliceAssembler();
        const arrived: Uint8Array[] = [];
        for (let turn = 0; queues.some((queue) => queue.length > 0); turn++) {
          const waiting = queues.filter((queue) => queue.length > 0);
          const slice = waiting[(picks[turn % picks.length] ?? 0) % waiting.length]?.shift();
          const frame = slice && assembler.add(slice);
          if (frame) arrived.push(frame);
        }
        for (const frame of frames) expect(arrived).toContainEqual(frame);
        expect(arrived).toHaveLength(frames.length);
      },
    ),
    { numRuns: 20 },
  );
});

test('slices that do not continue their frame are refused', () => {
  const [first, second, third] = [...cutIntoSlices(1, bytesOf(150_000, 0))];
  if (!first || !second || !third) throw new Error('expected three slices');
  const assembler = new SliceAssembler();
  assembler.add(first);
  expect(() => assembler.add(third)).toThrow(ProtocolError);
  expect(() => assembler.add(second.subarray(0, 10))).toThrow(ProtocolError);
});

test('a peer cannot make us hold unbounded memory', () => {
  const slice = (frameNumber: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(100);
    new DataView(bytes.buffer).setUint32(0, frameNumber, true);
    new DataView(bytes.buffer).setUint32(4, length, true);
    return bytes;
  };
  expect(() => new SliceAssembler().add(slice(0, maxFrameBytes + 1))).toThrow(ProtocolError);
  const assembler = new SliceAssembler();
  expect(() => {
    for (let frameNumber = 0; frameNumber < 1000; frameNumber++) assembler.add(slice(frameNumber, 1000));
  }).toThrow('too many incomplete frames');
});

test('a relayed slice carries its peer', () => {
  const peer = WorkerId.parse('01234567-89ab-cdef-0123-456789abcdef');
  const slice = bytesOf(100, 3);
  expect(decodeRelay(encodeRelay(peer, slice))).toEqual({ peer, slice });
  expect(() => decodeRelay(new Uint8Array(16))).toThrow(ProtocolError);
});
