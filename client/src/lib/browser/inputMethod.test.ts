import { expect, test } from 'vitest';
import { isForInputMethod } from './inputMethod.ts';

test('keys of an input method are told from the person\u2019s own', () => {
  expect(isForInputMethod({ isComposing: true, keyCode: 13 })).toBe(true);
  // The Enter that accepts words in Safari, where the composition has ended already.
  expect(isForInputMethod({ isComposing: false, keyCode: 229 })).toBe(true);
  expect(isForInputMethod({ isComposing: false, keyCode: 13 })).toBe(false);
});
