/** Short answers are found where patterns repeat. */
import { expect, test } from 'vitest';
import { tryGrammar } from './grammarBook.ts';
import { Llguidance } from './llguidance.ts';
import { readLlguidance } from './nodeModule.ts';
import type { GrammarText } from './tokenConstraint.ts';

const engine = await Llguidance.open(await WebAssembly.compile(readLlguidance()));
const shortest = (kind: GrammarText['kind'], text: string): string | undefined =>
  tryGrammar(engine, [], { kind, text }).shortest;
const ofPattern = (pattern: string): string =>
  JSON.stringify({ type: 'string', pattern, 'x-guidance': { whitespace_flexible: false } });

test.each([
  ['[a-z]+@[a-z]+\\.com', 7],
  ['([a-z]+\\.)+(com|org)', 5],
  ['[0-9]+-[0-9]+x', 4],
  ['[^<]+<b>[^<]+</b>', 9],
  ['[a-z0-9]{200}!', 201],
  ['(a|bc|def)+;', 2],
])('of the expression %s', (text, length) => {
  const found = shortest('regex', text);
  expect(found).toMatch(new RegExp(`^(${text})$`));
  expect(found).toHaveLength(length);
});

test.each([
  ['^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$', 6],
  ['b+', 1],
  ['^(?:[A-Za-z0-9_-]{4})+[.]$', 5],
  // z.email() of zod 4.
  [
    "^(?:[A-Za-z0-9_'+\\-]+\\.)*[A-Za-z0-9_'+\\-]*[A-Za-z0-9_+\\-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
    6,
  ],
])('of a string with the pattern %s', (pattern, length) => {
  const found = JSON.parse(shortest('json-schema', ofPattern(pattern)) ?? '') as string;
  expect(found).toMatch(new RegExp(pattern));
  expect(found).toHaveLength(length);
});

test.each([
  ['start: ("- " /[^\\n]+/ "\\n")+', 4],
  ['start: line+\nline: /.+/ LF\n%import common.LF', 2],
])('of the lines of %j', (text, length) => {
  expect(shortest('lark', text)).toHaveLength(length);
});

test.each(['email', 'uuid', 'date-time', 'ipv4', 'ipv6', 'hostname', 'duration'])(
  'of the format %s',
  (format) => {
    const found = shortest('json-schema', JSON.stringify({ type: 'string', format }));
    expect(found).toMatch(/^".{1,40}"$/);
  },
);
