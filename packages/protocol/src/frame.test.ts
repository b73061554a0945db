import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from './errors.ts';
import {
  decodeFrame,
  encodeFrame,
  frameElementTypes,
  maxFrameTokens,
  type Frame,
  type FrameTensor,
} from './frame.ts';
import { SessionId } from './ids.ts';

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bytesOf = { float32: 4, float16: 2, int64: 8, int32: 4, uint8: 1, int8: 1, bool: 1 };

const tensor: fc.Arbitrary<FrameTensor> = fc
  .record({
    type: fc.constantFrom(...frameElementTypes),
    dims: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }),
  })
  .chain(({ type, dims }) => {
    const length = dims.reduce((product, dim) => product * dim, bytesOf[type]);
    return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => ({ type, dims, bytes }));
  });

const base = {
  sessionId: fc.uuid().map((id) => SessionId.parse(id)),
  epoch: uint32,
  position: uint32,
  stageIndex: uint32,
  sentAt: fc.double({ noNaN: true, min: 0, max: 8.64e15 }),
};

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: fc.constant('step' as const),
    ...base,
    length: uint32,
    sample: fc.boolean(),
    tensors: fc.array(tensor, { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('token' as const),
    ...base,
    tokens: fc.array(uint32, { minLength: 1, maxLength: 4 }),
  }),
);

test('a frame comes back as it was', () => {
  fc.assert(
    fc.property(frame, (original) => {
      expect(decodeFrame(encodeFrame(original))).toEqual(original);
    }),
  );
});

test('a truncated or lengthened frame is refused', () => {
  fc.assert(
    fc.property(frame, fc.nat(), (original, cut) => {
      const bytes = encodeFrame(original);
      expect(() => decodeFrame(bytes.subarray(0, cut % bytes.byteLength))).toThrow(ProtocolError);
      const longer = new Uint8Array(bytes.byteLength + 8);
      longer.set(bytes);
      expect(() => decodeFrame(longer)).toThrow(ProtocolError);
    }),
  );
});

test('arbitrary bytes give a frame or a ProtocolError, never anything else', () => {
  fc.assert(
    fc.property(
      frame,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      (original, edits) => {
        const bytes = encodeFrame(original);
        for (const [at, value] of edits) bytes[at % bytes.byteLength] = value;
        try {
          decodeFrame(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      },
    ),
  );
});

test('a token frame carries so many tokens and no more', () => {
  const sessionId = SessionId.parse('01a22032-f1d4-7a88-9563-1548a60de1ee');
  const head = { kind: 'token' as const, sessionId, epoch: 1, position: 7, stageIndex: 0, sentAt: 1 };
  const most = Array.from({ length: maxFrameTokens }, (_, index) => index);
  expect(decodeFrame(encodeFrame({ ...head, tokens: most }))).toMatchObject({ tokens: most });
  expect(() => decodeFrame(encodeFrame({ ...head, tokens: [...most, 1] }))).toThrow('with 65 tokens');
});
