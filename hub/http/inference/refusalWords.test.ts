/** What an engine says reaches people in words of what they asked for. */
import { expect, test } from 'vitest';
import { placeInSchema } from './placeInSchema.ts';
import { refusalWords } from './refusalWords.ts';

test.each([
  ['json-schema', 'Unimplemented keys: ["uniqueItems"]', "'uniqueItems'"],
  [
    'json-schema',
    'at 4(8): failed to compile JSON schema: Invalid type: strin | start: call',
    "no type 'strin'",
  ],
  ['json-schema', 'Parser Error: Current row has 11999 items; max is 2000', 'Make it smaller'],
  ['json-schema', 'NoExtensionBias <non-verbose/>', 'Make it smaller'],
  ['json-schema', 'something nobody knows', 'schema. Make it simpler'],
  ['regex', 'regex parse error: (a ^ error: unclosed group', 'unclosed group'],
  ['regex', 'error: look-around, including look-ahead and look-behind, is not supported', 'without it'],
  [
    'regex',
    'at 1(8): invalid regex "(" (in regex): regex parse error:\n    (\n    ^\nerror: unclosed group\n   1 | start: /(/\n              ^\n',
    "The expression can't be read: unclosed group.",
  ],
  [
    'lark',
    'at 4(8): unknown name: "x"\n   3 | y: "y"\n   4 | start: x\n',
    'Line 4, column 8: unknown name: "x".',
  ],
  [
    'lark',
    '1(10): lexer error\n   1 | start: "a\n   ^',
    'Line 1, column 10: this is no sign of a grammar; a text',
  ],
  ['lark', '<string>1(2): unknown name: "x"', 'Line 1, column 2: unknown name: "x".'],
  [
    'lark',
    `1(6): Expected token ':', found '\\n' (at "\\n" ('\\n'))\n   1 | hello\n`,
    "Line 1, column 6: ':' is expected, and the end of the line is there.",
  ],
  [
    'lark',
    'at 1(8): unknown special token: "<x>"; following special tokens are available: ⟦⟧',
    'no special token <x>.',
  ],
  ['lark', 'no start rule found', "no rule 'start'"],
  ['lark', 'NoExtensionBias\n<non-verbose/>', 'only refers to itself'],
] as const)('%s: %s', (kind, message, words) => {
  const said = refusalWords(kind, message);
  expect(said).toContain(words);
  expect(said).not.toMatch(/Unimplemented|Parser Error|<non|start:|\d \||<string>| \d+\.$/);
});

test.each([
  ['line ends', '\n'.repeat(100_000), "The hub does not know the format 'soup'. Leave it out."],
  ['known words', 'Unimplemented keys: ['.repeat(40_000), "The hub does not know the format 'soup"],
])('a message with very many %s takes no time', (_, many, words) => {
  // Time by the square of them would be half a minute.
  const message = `Unknown format: soup${many}`;
  expect(refusalWords('json-schema', message)).toContain(words);
  expect(placeInSchema({ format: `soup${many}` }, message)).toEqual(many.includes('\n') ? [] : ['format']);
});
