import { expect, test } from 'vitest';
import { directionOf } from './directionOf.ts';

test('a text begins where its first letter does', () => {
  for (const text of ['שלום', '1. مرحبا, hello', '“خبز”']) expect(directionOf(text), text).toBe('rtl');
  for (const text of ['', '42', 'hello שלום', '面包', '🍞 soup'])
    expect(directionOf(text), text).toBeUndefined();
});
