import { expect, test } from 'vitest';
import { formatBytes } from './formatBytes.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1200, '1.2 kB'],
  [64_000_000, '64 MB'],
  [999_600, '1 MB'],
  [1_234_000_000, '1.2 GB'],
  [250_000_000_000, '250 GB'],
])('%d bytes read as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
