/** Grammars for texts, inside of JSON strings, as the engine takes them. */
import { expect, test } from 'vitest';
import { isTaken, larkMatcher } from '../../testing/grammarEngine.ts';
import { larkInJson, regexInJson } from './larkInJson.ts';

/** Whether a JSON object with this text is what the grammar lets come. */
function takes(lark: string, input: string): boolean {
  const text = `%llguidance {}\nstart: "{\\"input\\":\\"" inner "\\"}"\ninner: %lark {\n${lark}\n}`;
  return isTaken(larkMatcher(text), JSON.stringify({ input }));
}

test.each<[string, string, boolean]>([
  ['[a-z]+', 'abc', true],
  ['[a-z]+', 'aBc', false],
  ['[a-z]+', '', false],
  ['^.*$', 'say "hi" \\ there\t日', true],
  ['.*', 'two\nlines', false],
  ['(?:[^"]|\\n)*', 'two\nlines', true],
  ['[^"]*', 'a"b', false],
  ['\\S+\\s\\w+', 'a"\\\nb_1', true],
  ['a\\/b\\.c\\x41\\u{e9}', 'a/b.cAé', true],
  ['(?<year>\\d{4})(-\\d\\d){2}', '2026-11-28', true],
  ['[\\]"-]{2}', '"]', true],
  ['(?i:abc)', 'ABC', true],
  ['a|"', '"', true],
])('the expression %s and %j: %s', (pattern, text, isRight) => {
  expect(takes(regexInJson(pattern), text)).toBe(isRight);
});

test.each(['a(?=b)', '(?<!a)b', '\\bword', '(a)\\1', '[a', 'a^b', '[[:alpha:]]'])(
  'the expression %s is refused',
  (pattern) => {
    expect(() => regexInJson(pattern)).toThrow();
  },
);

/** As agents send it: a patch of files, line by line. */
const patch = `
start: begin hunk+ end
begin: "*** Begin Patch" LF   // the first line
end: "*** End Patch" LF?
hunk: add | remove
add: "*** Add File: " filename LF added+
remove: "*** Delete File: " filename LF
filename: /(.+)/
added: "+" /(.*)/ LF -> line
%import common.LF
`;
const sums = `
start: sum
sum: NUMBER | sum "+" sum | "(" sum ")" | "\\"" sum "\\""
%import common (NUMBER, WS)
`;

test.each<[string, string, boolean]>([
  [patch, '*** Begin Patch\n*** Add File: a "b".txt\n+say \\ "hi"\t日\n+\n*** End Patch\n', true],
  [patch, '*** Begin Patch\n*** Delete File: x\n*** Add File: y\n+z\n*** End Patch', true],
  [patch, '*** Begin Patch\n*** Add File: y\nz\n*** End Patch', false],
  [patch, '*** Begin Patch\n*** End Patch', false],
  [sums, '(1+2.5)+"3"', true],
  [sums, '(1+2', false],
])('a grammar and %#: %j', (grammar, text, isRight) => {
  expect(takes(larkInJson(grammar), text)).toBe(isRight);
});

test.each([
  'start: <[12]>',
  'start: %json {}',
  'start: "a"\n%ignore " "',
  'start: OTHER\n%import common.OTHER',
  'start: "a\\q"',
])('the grammar %s is refused', (grammar) => {
  expect(() => larkInJson(grammar)).toThrow();
});
