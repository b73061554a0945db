import { expect, test } from 'vitest';
import { wantedGrammar } from './wantedGrammar.ts';

test.each([
  ['root = "a"', "'='"],
  ['# Answers\n\n root := "a" | "b"', "':='"],
  ['root -> "a"', "'->'"],
])('%j is told how rules are written', (grammar, sign) => {
  const words = `'grammar': Rules are written with '::=', such as root ::= "yes" | "no". The first one has ${sign}.`;
  expect(() => wantedGrammar({ grammar })).toThrow(words);
});

test.each(['start: "a = b"', '%llguidance {}\nstart: A\nA: /x=y/', 'start: "a" // x = y\n'])(
  '%j is Lark',
  (grammar) => {
    expect(wantedGrammar({ grammar })?.grammar).toEqual({ kind: 'lark', text: grammar });
  },
);
