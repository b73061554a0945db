/** What an engine says reaches people in words of what they asked for. */
import { expect, test } from 'vitest';
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
  ['lark', 'at 4(8): unknown name: "x" | start: x', 'Line 4, column 8: unknown name: "x".'],
] as const)('%s: %s', (kind, message, words) => {
  const said = refusalWords(kind, message);
  expect(said).toContain(words);
  expect(said).not.toMatch(/Unimplemented|Parser Error|<non|start:/);
});
