import { expect, test } from 'vitest';
import { markdownTable } from './table.ts';

test('numbers are short, and what was not measured is a dash', () => {
  const row = { what: 'hub', count: 3, 'ms/token': 0.10449, 'tokens/s': 2966.4, kept: NaN, more: Infinity };
  expect(markdownTable([row]).split('\n').at(-1)).toBe('| hub | 3 | 0.104 | 2966 | – | – |');
});
