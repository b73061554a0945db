import { expect, test } from 'vitest';
import { enteredInvite, looksLikeCode, mayBeCode } from './enteredInvite.ts';

test('codes, secrets and links of invites are known from join tokens', () => {
  for (const text of ['7KQM-X4TB', ' 7kqm x4tb ', 'invite-abc'])
    expect(enteredInvite(text)).toBe(text.trim());
  expect(enteredInvite('https://hub.example/join#invite=invite-abc')).toBe('invite-abc');
  for (const text of [
    '',
    '7KQMX4TB',
    'join-abc',
    'https://hub.example/join#token=t',
    'https://',
    'O0O0-1111',
  ])
    expect(enteredInvite(text), text).toBeUndefined();
});

test('a code without its dash may be one', () => {
  expect(['7KQMX4TB', ' 7kqmx4tb ', '7KQM-X4TB', 'O0O01111', 'join-abc'].map(mayBeCode)).toEqual([
    ...[true, true, false, false, false],
  ]);
});

test('what only looks like a code is known as one', () => {
  expect(['WRNG-CODE', ' wrng c0de ', 'WRNGCODE', 'invite-abc', 'my-password'].map(looksLikeCode)).toEqual([
    ...[true, true, false, false, false],
  ]);
});
