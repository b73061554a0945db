import { expect, test } from 'vitest';
import { checkServerUrl } from './serverUrl.ts';

test.each(['http://127.0.0.1:8080', 'https://db.example.org', 'ws://db:8080', 'libsql://db.example.org'])(
  '%s is an address of a server',
  (text) => {
    expect(() => checkServerUrl(text)).not.toThrow();
  },
);

test.each([
  ['hub.sqlite', 'It takes the address of a libSQL server'],
  ['file:///tmp/hub.sqlite', 'It takes the address of a libSQL server'],
  ['ftp://127.0.0.1', 'begins with ws://, wss://, http://, https:// or libsql://'],
  ['redis://127.0.0.1:6379', 'It takes the address of a libSQL server'],
  ['http://me:swordfish@db.example.org', 'must not hold a secret'],
  ['libsql://db.example.org?authToken=swordfish', 'must not hold a secret'],
  ['libsql://db.example.org?mode=swordfish', 'without a query'],
])('%s is refused', (text, reason) => {
  const check = (): void => checkServerUrl(text);
  expect(check).toThrow(reason);
  expect(check).not.toThrow('swordfish');
});
