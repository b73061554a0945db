import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPlainToken } from './plainToken.ts';
import { TokenMessage } from './sessionMessages.ts';

const sessionId = '00000000-0000-4000-8000-000000000001';
const token = { type: 'token', sessionId, epoch: 1, position: 12, token: 345 };

test('a token with nothing else to say is read', () => {
  expect(readPlainToken(JSON.stringify(token))).toEqual(token);
});

test.each([
  ['another message', { type: 'renew' }],
  ['a token with its probability', { ...token, logprob: -1 }],
  ['the last token', { ...token, finish: 'stop' }],
  ['a token with a name that nobody knows', { ...token, color: 'red' }],
  ['an array', [token]],
])('%s is left to the schemas', (_, message) => {
  expect(readPlainToken(JSON.stringify(message))).toBeUndefined();
});

test('whatever is in the fields, it is read only where the schema reads the same', () => {
  const odd = fc.oneof(
    fc.integer({ min: -2, max: 5 }),
    fc.double(),
    fc.maxSafeInteger(),
    fc.constantFrom(1e300, 2 ** 53, 1.5, null, true, [], {}, '1', sessionId, `${sessionId}0`, ''),
    fc.string(),
  );
  const message = fc.record(
    {
      type: fc.constantFrom('token', 'tokens'),
      sessionId: fc.oneof(
        fc.constantFrom(sessionId, sessionId.toUpperCase(), sessionId.replace('4', 'A')),
        odd,
      ),
      epoch: odd,
      position: odd,
      token: odd,
      logprob: odd,
    },
    { requiredKeys: ['type'] },
  );
  fc.assert(
    fc.property(message, (value) => {
      const text = JSON.stringify(value);
      const read = readPlainToken(text);
      if (read) expect(read).toEqual(TokenMessage.parse(JSON.parse(text)));
    }),
  );
});
