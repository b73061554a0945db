/** Grammars as people write them for llama.cpp, as the engine takes them. */
import { tryGrammar } from '@potluck/engine/constraint';
import { expect, test } from 'vitest';
import { grammarEngine, isTaken, larkMatcher } from '../../testing/grammarEngine.ts';
import { GbnfError, gbnfToLark, isGbnf } from './gbnfToLark.ts';

const json = String.raw`
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws

object ::=
  "{" ws (
            string ":" ws value
    ("," ws string ":" ws value)*
  )? "}" ws

array  ::=
  "[" ws (
            value
    ("," ws value)*
  )? "]" ws

# Texts with escapes
string ::=
  "\"" (
    [^"\\\x7F\x00-\x1F] |
    "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) # escapes
  )* "\"" ws

number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
ws ::= | " " | "\n" [ \t]{0,20}
`;
const list = String.raw`
root ::= item+
item ::= "- " [^\r\n\x0b\x0c\x85\u2028\u2029]+ "\n"
`;
const arithmetic = String.raw`
root  ::= (expr "=" ws term "\n")+
expr  ::= term ([-+*/] term)*
term  ::= ident | num | "(" ws expr ")" ws
ident ::= [a-z] [a-z0-9_]* ws
num   ::= [0-9]+ ws
ws    ::= [ \t\n]*
`;
const chess = String.raw`
root ::= "1. " move " " move "\n" ([1-9] [0-9]? ". " move " " move "\n")+
move ::= (pawn | nonpawn | castle) [+#]?
nonpawn ::= [NBKQR] [a-h]? [1-8]? "x"? [a-h] [1-8]
pawn ::= ([a-h] "x")? [a-h] [1-8] ("=" [NBKQR])?
castle ::= "O-O" "-O"?
`;
const c = String.raw`
root ::= declaration*
declaration ::= dataType identifier "(" parameter? ")" "{" statement* "}"
dataType ::= "int" ws | "float" ws | "char" ws
identifier ::= [a-zA-Z_] [a-zA-Z_0-9]*
parameter ::= dataType identifier
statement ::=
    ( dataType identifier ws "=" ws expression ";" ) |
    ( identifier ws "=" ws expression ";" ) |
    ( "return" ws expression ";" ) |
    ( "while" "(" condition ")" "{" statement* "}" )
condition ::= expression relation expression
relation ::= ("<=" | "<" | "==" | "!=" | ">=" | ">")
expression ::= term (("+" | "-") term)*
term ::= factor (("*" | "/") factor)*
factor ::= identifier | number | "(" expression ")"
number ::= [0-9]+
ws ::= ([ \t\n]+)
`;

const cases: [string, string, string, boolean][] = [
  ['json', json, '{"a": [1, -2.5e3, true], "b\\u00e9": {"c": "d\\n"}}', true],
  ['json', json, '{"a": [1,, 2]}', false],
  ['json', json, '{}', true],
  ['json', json, '["a"]', false],
  ['list', list, '- Öl\n- Milk and 3 eggs\n', true],
  ['list', list, '- \n', false],
  ['list', list, '* Milk\n', false],
  ['arithmetic', arithmetic, '(a +2) *b_1 = 7\nx=x\n', true],
  ['arithmetic', arithmetic, '(a +2 = 7\n', false],
  ['chess', chess, '1. e4 e5\n2. Nf3 Nc6\n3. O-O-O exd5+\n', true],
  ['chess', chess, '1. e4 e5\n', false],
  ['chess', chess, '1. e9 e5\n', false],
  ['c', c, 'int f(int n){int x = n*(n+1)/2;while(x<=9){x = x+1;}return x;}', true],
  ['c', c, 'int f(int n){return;}', false],
];
const matchers = new Map<string, ReturnType<typeof larkMatcher>>();

test.each(cases)('%s: %3$s is told apart (%#)', (name, grammar, text, isRight) => {
  expect(isGbnf(grammar)).toBe(true);
  const known = matchers.get(name) ?? larkMatcher(gbnfToLark(grammar));
  matchers.set(name, known);
  expect(isTaken(known.clone(), text)).toBe(isRight);
});

test.each([
  ['json', json, 2],
  ['list', list, 4],
  ['c', c, 0],
])('the shortest answer of %s is found', (_, grammar, length) => {
  expect(tryGrammar(grammarEngine, [], { kind: 'lark', text: gbnfToLark(grammar) }).shortest).toHaveLength(
    length,
  );
});

test.each([
  ['root ::= ""', true],
  ['root ::=\n', true],
  ['root ::= "a"*', false],
  ['root ::= "" | "a"', false],
])('that %j allows an empty answer and no other one is %s', (grammar, isEmpty) => {
  const text = gbnfToLark(grammar);
  expect(tryGrammar(grammarEngine, [], { kind: 'lark', text })).toEqual({ shortest: '', isEmpty });
});

test.each([
  ['root ::= other', "no rule 'other'"],
  ['start ::= "a"', "no rule 'root'"],
  ['root ::= "a"\nroot ::= "b"', 'two rules'],
  ['root ::= ("a"', "')' in line 1"],
  ['root ::= []', 'an empty class'],
  ['root ::= "a"{1,10000}', 'too many repetitions, {1,10000}, in line 1, column 13: at most 9999'],
  ['root ::= "a" | "b"{10000}', 'too many repetitions, {10000}, in line 1, column 19: at most 9999'],
  [`root ::= "a"{${'9'.repeat(5000)},}`, 'too many repetitions, {99999'],
  ['root ::= "a"{one}', "needs '{2}' or '{1,5}' in line 1, column 13"],
  [`root ::= "${'a'.repeat(32 * 1024)}"`, 'more than 32768 characters'],
])('%.60j is refused in plain words', (grammar, words) => {
  expect(() => gbnfToLark(grammar)).toThrow(GbnfError);
  expect(() => gbnfToLark(grammar)).toThrow(words);
});
