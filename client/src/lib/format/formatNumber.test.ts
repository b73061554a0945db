import { describe, expect, it } from 'vitest';
import { formatNumber, formatTwoDigits } from './formatNumber.ts';

describe('numbers for people', () => {
  it.each([
    [0, 0, '0'],
    [1234.56, 1, '1,234.6'],
    [13, 1, '13.0'],
  ])('writes %f with %i digits behind the point as %s', (value, digits, text) => {
    expect(formatNumber(value, digits)).toBe(text);
  });

  it.each([
    [0.4567, '0.46'],
    [1, '1.0'],
    [99.7, '100'],
  ])('writes %f with two digits that count as %s', (value, text) => {
    expect(formatTwoDigits(value)).toBe(text);
  });
});
