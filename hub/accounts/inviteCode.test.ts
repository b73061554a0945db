import { expect, test } from 'vitest';
import { drawCode, plainCode } from './inviteCode.ts';

test('a code is known again however a person types it', () => {
  const code = drawCode();
  expect(code).toMatch(/^[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}$/);
  const plain = code.replace('-', '');
  for (const typed of [code, code.toLowerCase(), ` ${plain} `, plain.replace(/(..)/g, '$1 ')])
    expect(plainCode(typed)).toBe(plain);
  expect(drawCode()).not.toBe(code);
});

test('other texts are no codes', () => {
  for (const text of ['', 'AAAA-AAA', 'AAAA-AAAAA', '0OIL-1111', 'join-abcdefgh', 'ÄÄÄÄ-ÄÄÄÄ'])
    expect(plainCode(text)).toBeUndefined();
});
