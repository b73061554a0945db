/** Answers of models that draw at random: whatever they draw, and wherever they are cut, it is what the schema says. */
import { expect, test } from 'vitest';
import { endToken, textOf, thinkToken, thoughtToken, tokensOf } from '../testing/byteVocabulary.ts';
import { madeSchemas } from '../testing/madeSchemas.ts';
import { answer, hold, seeded, wrongAnswers } from '../testing/randomAnswers.ts';

test('answers to schemas are valid, also those that are cut', () => {
  expect(wrongAnswers(20)).toEqual([]);
});

test('an answer that is held again after its first tokens goes on in the same way', () => {
  const [schema] = madeSchemas(1);
  const most = 60;
  const first = answer(hold(schema).constraint, most, seeded(5));
  for (const length of [1, Math.floor(first.length / 2), first.length - 1]) {
    const { constraint } = hold(schema);
    const so = first.slice(0, length);
    expect(so.map((token, index) => constraint.take(token, most - index - 1))).toEqual(so);
    const rest = first.slice(length);
    expect(rest.map((token, index) => constraint.take(token, most - length - index - 1))).toEqual(rest);
    constraint.rollback(rest.length);
    expect(rest.map((token, index) => constraint.take(token, most - length - index - 1))).toEqual(rest);
  }
});

const thoughts = { text: '</think>', tokenId: thoughtToken, mayEnd: false };

test('thoughts are free, and end in time for the answer', () => {
  const schema = {
    type: 'object',
    properties: { a: { enum: ['x'] } },
    required: ['a'],
    additionalProperties: false,
  };
  const { constraint } = hold(schema, thoughts);
  const free = [...tokensOf('I think {'), thoughtToken, ...tokensOf('{"a":"x"}'), endToken];
  expect(free.map((token) => constraint.take(token, 100))).toEqual(free);
  for (const most of [12, 20, 40]) {
    const tokens = answer(hold(schema, thoughts).constraint, most, () => 0.4);
    const [, said] = textOf(tokens).split('</think>');
    expect(JSON.parse(said ?? '')).toEqual({ a: 'x' });
  }
});

test('an answer may begin to think, or not', () => {
  const after = { ...thoughts, opensWith: thinkToken };
  const thinking = [thinkToken, ...tokensOf('hm'), thoughtToken, ...tokensOf('[]'), endToken];
  const { constraint } = hold({ type: 'array' }, after);
  expect(thinking.map((token) => constraint.take(token, 100))).toEqual(thinking);
  const atOnce = [...tokensOf('[]'), endToken];
  const other = hold({ type: 'array' }, after).constraint;
  expect(atOnce.map((token) => other.take(token, 100))).toEqual(atOnce);
  constraint.rollback(thinking.length);
  expect(atOnce.map((token) => constraint.take(token, 100))).toEqual(atOnce);
});

test('what comes before a mark is free to the end, where the mark need not come', () => {
  const { constraint } = hold({ type: 'array' }, { text: '<c>', mayEnd: true });
  const tokens = [...tokensOf('no call'), endToken];
  expect(tokens.map((token) => constraint.take(token, 5))).toEqual(tokens);
  const { constraint: called } = hold({ type: 'array' }, { text: '<c>', mayEnd: true });
  for (const token of tokensOf('so <c>')) called.take(token, 50);
  expect(() => called.take(tokensOf('x')[0] as number, 50)).toThrow();
});
