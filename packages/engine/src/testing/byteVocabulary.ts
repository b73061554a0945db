/** A small vocabulary that tests can read: every byte, some words, and one mark. */
import type { Vocabulary } from '../constraint/vocabulary.ts';

const words = [
  '{"',
  '":',
  '", "',
  '"}',
  '}}',
  '],',
  'null',
  'true',
  'the',
  ' city',
  '123',
  ' ',
  '00',
  '日本',
  '"a"',
];
const texts = [
  ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  ...words.map((word) => new TextEncoder().encode(word)),
  new TextEncoder().encode('<think>'),
  new TextEncoder().encode('</think>'),
  new TextEncoder().encode('<|end|>'),
];

export const thinkToken = texts.length - 3;
export const thoughtToken = texts.length - 2;
export const endToken = texts.length - 1;

export const byteVocabulary: Vocabulary = {
  size: texts.length,
  bytes: (token) => texts[token] ?? new Uint8Array(0),
  isMark: (token) => token >= thinkToken,
};

/** One token a byte. */
export function tokensOf(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

export function textOf(tokens: readonly number[]): string {
  return Buffer.concat(
    tokens.filter((token) => token !== endToken).map((token) => byteVocabulary.bytes(token)),
  ).toString();
}
