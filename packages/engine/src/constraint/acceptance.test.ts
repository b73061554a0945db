/** The acceptance suite of grammar engines, over the one that is there. It knows the port and no engine. */
import { beforeAll, expect, test } from 'vitest';
import { byteVocabulary, endToken, tokensOf } from '../testing/byteVocabulary.ts';
import { refusedSchemas, schemaCases } from '../testing/schemaCases.ts';
import { GrammarBook } from './grammarBook.ts';
import { Llguidance } from './llguidance.ts';
import { readLlguidance } from './nodeModule.ts';
import type { GrammarText, TokenConstraint } from './tokenConstraint.ts';
import { allows, maskWords } from './tokenMask.ts';
import { readVocabulary, writeVocabulary } from './vocabulary.ts';

let open: (grammar: GrammarText) => TokenConstraint;
beforeAll(async () => {
  const engine = await Llguidance.open(await WebAssembly.compile(readLlguidance()));
  const book = new GrammarBook(engine, readVocabulary(writeVocabulary(byteVocabulary)));
  open = (grammar) => book.compile(grammar).matcher();
});

const words = maskWords(byteVocabulary.size);

/** How many bytes of a text may come, by masks; one more where the text may end there. */
function passed(constraint: TokenConstraint, text: string): number {
  const mask = new Uint32Array(words);
  const tokens = tokensOf(text);
  for (const [index, token] of tokens.entries()) {
    constraint.mask(mask);
    if (!allows(mask, token)) return index;
    constraint.accept(token);
  }
  return tokens.length + (constraint.mayEnd ? 1 : 0);
}

const schemaGrammar = (schema: unknown): GrammarText => ({
  kind: 'json-schema',
  text: JSON.stringify({
    ...(schema as object),
    'x-guidance': { whitespace_flexible: false, item_separator: ', ?', key_separator: ': ?' },
  }),
});

test.each(Object.entries(schemaCases))('%s', (_, { schema, good, bad }) => {
  const verdict = (text: string): boolean => {
    const constraint = open(schemaGrammar(schema));
    const all = tokensOf(text).length + 1;
    const isWhole = passed(constraint, text) === all;
    constraint.dispose();
    return isWhole;
  };
  expect(good.filter((text) => !verdict(text))).toEqual([]);
  expect(bad.filter(verdict)).toEqual([]);
});

test.each(Object.entries(refusedSchemas))('%s is refused with a reason', (_, schema) => {
  expect(() => open(schemaGrammar(schema))).toThrow(/\w{4}/);
});

test('a token that may not come is refused, and what came before stays', () => {
  const constraint = open({ kind: 'regex', text: 'ab+c' });
  const [a, b, c] = tokensOf('abc') as [number, number, number];
  constraint.accept(a);
  expect(() => constraint.accept(c)).toThrow();
  constraint.accept(b);
  constraint.rollback(1);
  expect(() => constraint.accept(c)).toThrow();
  constraint.accept(b);
  expect(constraint.mayEnd).toBe(false);
  constraint.accept(c);
  expect([constraint.mayEnd, constraint.ended]).toEqual([true, true]);
  constraint.rollback(3);
  expect(passed(constraint, 'abbc')).toBe(5);
});

test('marks are no text, and tokens of several bytes pass where each of them does', () => {
  const mask = new Uint32Array(words);
  const constraint = open({ kind: 'json-schema', text: '{"type":"string"}' });
  for (const token of tokensOf('"')) constraint.accept(token);
  constraint.mask(mask);
  const named = Array.from({ length: byteVocabulary.size }, (_, token) => token).filter(
    (token) => token >= 256 && allows(mask, token),
  );
  expect(named.map((token) => new TextDecoder().decode(byteVocabulary.bytes(token)))).toEqual([
    ...['{"', '}}', '],', 'null', 'true', 'the', ' city', '123', ' ', '00', '日本'],
  ]);
  expect(allows(mask, endToken)).toBe(false);
});

test('a vocabulary that is damaged is refused', () => {
  const blob = writeVocabulary(byteVocabulary);
  expect(() => readVocabulary(blob.subarray(0, -1))).toThrow('damaged');
  expect(() => readVocabulary(blob.subarray(3))).toThrow('no vocabulary');
});
