import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellQuoted } from './shellQuoted.ts';

test('plain words stay as they are', () => {
  for (const word of ['https://[::1]:8443', 'abc_-=']) {
    expect(execFileSync('/bin/sh', ['-c', `printf %s ${shellQuoted(word)}`]).toString()).toBe(word);
  }
  expect(shellQuoted('https://192.168.1.20:8443')).toBe('https://192.168.1.20:8443');
  expect(shellQuoted('')).toBe("''");
});

test('a shell takes whatever they hold for text', () => {
  for (const word of ['$(touch x)`id`', "it's;echo 'x", 'a b*?~!#&|<>\\"', "''"]) {
    expect(execFileSync('/bin/sh', ['-c', `printf %s ${shellQuoted(word)}`]).toString()).toBe(word);
  }
});
