import { expect, test } from 'vitest';
import { commandsIn, commandsOf } from './shellLines.ts';

test.each([
  [
    'npm ci && npm start',
    [
      ['npm', 'ci'],
      ['npm', 'start'],
    ],
  ],
  ['a \'b c\' --d="e f"g # not this\nh', [['a', 'b c', '--d=e fg'], ['h']]],
  ['a \\\n  b', [['a', 'b']]],
  ['curl -d \'{\n  "a": 1\n}\'', [['curl', '-d', '{\n  "a": 1\n}']]],
  ['a#b --token <a secret of your own>', [['a#b', '--token', 'something-of-your-own']]],
])('%j', (script, expected) => {
  expect(commandsOf(script)).toEqual(expected);
});

test('blocks of other languages are no commands', () => {
  expect(commandsIn('x\n\n```sh\na b\n```\n\n```ts\nc\n```\n')).toEqual([{ line: 3, words: ['a', 'b'] }]);
});
