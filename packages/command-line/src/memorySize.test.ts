import { describe, expect, it } from 'vitest';
import { memorySize } from './memorySize.ts';

describe('a size of memory', () => {
  it.each([
    ['8GB', 8e9],
    ['512 MiB', 536_870_912],
    ['1.5g', 1.5e9],
    ['1000', 1000],
  ])('%s', (text, bytes) => {
    expect(memorySize(text)).toBe(bytes);
  });

  it.each(['lots', '8 apples', '-1GB', ''])('%j is none', (text) => {
    expect(memorySize(text)).toBeUndefined();
  });
});
