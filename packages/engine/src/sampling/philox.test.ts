import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { philox4x32, uniformDraw } from './philox.ts';

describe('philox4x32', () => {
  // From kat_vectors of the Random123 library, lines "philox4x32 10".
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)('gives the known answer for counter %s and key %s', (counter, key, expected) => {
    expect(philox4x32(counter, key)).toEqual(expected);
  });
});

describe('uniformDraw', () => {
  const integer = fc.nat({ max: Number.MAX_SAFE_INTEGER });

  it('depends on nothing but its arguments and stays in [0, 1)', () => {
    fc.assert(
      fc.property(integer, fc.nat(100), fc.nat(1_000_000), (seed, choice, position) => {
        const draw = uniformDraw(seed, choice, position);
        expect(draw).toBeGreaterThanOrEqual(0);
        expect(draw).toBeLessThan(1);
        expect(uniformDraw(seed, choice, position)).toBe(draw);
      }),
      { seed: 1 },
    );
  });

  it('differs by seed (also beyond 32 bits), choice and position', () => {
    const draws = [
      uniformDraw(7, 0, 5),
      uniformDraw(7 + 2 ** 32, 0, 5),
      uniformDraw(8, 0, 5),
      uniformDraw(7, 1, 5),
      uniformDraw(7, 0, 6),
    ];
    expect(new Set(draws).size).toBe(draws.length);
  });

  it('fills sixteen bins evenly over positions', () => {
    const bins = new Array<number>(16).fill(0);
    const count = 16_000;
    for (let position = 0; position < count; position++) {
      const bin = Math.floor(uniformDraw(42, 0, position) * 16);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    const chiSquare = bins.reduce((sum, seen) => sum + (seen - count / 16) ** 2 / (count / 16), 0);
    // 99.9 % quantile of chi-square with 15 degrees of freedom.
    expect(chiSquare).toBeLessThan(37.7);
  });
});
