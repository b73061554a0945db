import { expect, test } from 'vitest';
import { expectedLines, firstShown } from './shownAtFirst.ts';
import type { ThreadMessage } from './thread.ts';

const thread = (count: number, length: number): ThreadMessage[] =>
  Array.from({ length: count }, () => ({
    message: { content: 'a'.repeat(length) } as ThreadMessage['message'],
    alternatives: [],
  }));

test('a long conversation begins with its newest messages, few where they are long, and the last one always', () => {
  expect(firstShown([])).toBe(0);
  expect(firstShown(thread(4, 10))).toBe(0);
  expect(firstShown(thread(2000, 10))).toBe(1970);
  expect(firstShown(thread(300, 3000))).toBe(296);
  expect(firstShown(thread(300, 1_000_000))).toBe(299);
});

test('long lines and line ends make a text take room', () => {
  expect(expectedLines('', 80)).toBe(1);
  expect(expectedLines('a'.repeat(80), 80)).toBe(1);
  expect(expectedLines('a'.repeat(81), 80)).toBe(2);
  expect(expectedLines('a\n\nb\n', 80)).toBe(4);
});
