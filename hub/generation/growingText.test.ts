import { expect, test } from 'vitest';
import { GrowingText } from './growingText.ts';

test('a text that grew has all its pieces in order, however many they are', () => {
  const text = new GrowingText();
  let expected = '';
  expect(text.toString()).toBe('');
  for (let index = 0; index < 1000; index++) {
    const piece = index % 7 === 0 ? '' : ` ${index}`;
    text.add(piece);
    expected += piece;
    if (index % 100 === 0) expect(text.toString()).toBe(expected);
  }
  expect(text.toString()).toBe(expected);
});
