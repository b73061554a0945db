import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RetainedBoundaries, type RetainedStep } from './retainedBoundaries.ts';

/** A step whose tensor has 10 bytes for each token, of the value of its first token. */
const step = (position: number, length: number): RetainedStep => ({
  ...{ position, length },
  tensors: [{ type: 'uint8', dims: [1, length, 10], bytes: new Uint8Array(10 * length).fill(position) }],
});

const places = (steps: readonly RetainedStep[] | undefined): [number, number][] | undefined =>
  steps?.map(({ position, length }) => [position, length]);

test('gives the steps of a stretch again, with the bytes that were sent', () => {
  const retained = new RetainedBoundaries(1000);
  const sent = step(3, 1);
  for (const one of [step(0, 3), sent, step(4, 1)]) retained.keep('a', one);
  // Whoever sent it has given its buffer away.
  sent.tensors[0]?.bytes.fill(99);
  expect(places(retained.steps('a', 3, 5))).toEqual([
    [3, 1],
    [4, 1],
  ]);
  expect(retained.steps('a', 3, 4)?.[0]?.tensors[0]?.bytes).toEqual(new Uint8Array(10).fill(3));
  expect(retained.steps('a', 1, 5)).toBeUndefined();
  expect(retained.steps('a', 3, 6)).toBeUndefined();
  expect(retained.steps('b', 0, 1)).toBeUndefined();
});

test('the oldest give way, whosever they are', () => {
  const retained = new RetainedBoundaries(50);
  for (const one of [step(0, 2), step(2, 1)]) retained.keep('a', one);
  for (const one of [step(0, 2), step(2, 1)]) retained.keep('b', one);
  expect([retained.bytes, retained.from('a', 3), retained.from('b', 3)]).toEqual([40, 2, 0]);
});

test('a step that is larger than all that may be kept leaves nothing of its cache that has a gap', () => {
  const retained = new RetainedBoundaries(50);
  for (const one of [step(0, 2), step(2, 6), step(8, 1)]) retained.keep('a', one);
  expect([retained.bytes, retained.from('a', 9)]).toEqual([10, 8]);
});

test('whatever is kept and cut, what is given again leads without a gap from its beginning to its end', () => {
  const change = fc.oneof(
    fc.record({
      type: fc.constant('step' as const),
      cache: fc.nat(2),
      length: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ type: fc.constant('cut' as const), cache: fc.nat(2), length: fc.nat(10) }),
    fc.record({ type: fc.constant('forget' as const), cache: fc.nat(2), length: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const retained = new RetainedBoundaries(120);
      const lengths = [0, 0, 0];
      for (const { type, cache, length } of changes) {
        const before = lengths[cache] ?? 0;
        if (type === 'step') {
          retained.keep(String(cache), step(before, length));
          lengths[cache] = before + length;
        } else {
          lengths[cache] = Math.min(before, length);
          if (type === 'cut') retained.cut(String(cache), length);
          else retained.forget(String(cache));
        }
        expect(retained.bytes).toBeLessThanOrEqual(120);
        for (const [id, end] of lengths.entries()) {
          const from = retained.from(String(id), end);
          const steps = retained.steps(String(id), from, end) ?? [];
          expect(steps.reduce((at, one) => (one.position === at ? at + one.length : NaN), from)).toBe(end);
        }
      }
    }),
  );
});
