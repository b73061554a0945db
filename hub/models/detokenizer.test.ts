import { beforeAll, expect, test } from 'vitest';
import { builtInModelDirectory } from './builtInModel.ts';
import { Detokenizer } from './detokenizer.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';
import { AutoTokenizer } from '@huggingface/transformers';

let tokenizer: Tokenizer;
let encode: (text: string) => number[];

beforeAll(async () => {
  tokenizer = await loadTokenizer(builtInModelDirectory());
  const plain = await AutoTokenizer.from_pretrained(builtInModelDirectory(), { local_files_only: true });
  encode = (text) => plain.encode(text, { add_special_tokens: false });
});

test.each([
  'Hello, world!',
  'naïve café 🎉👩‍👩‍👧 你好，世界',
  '  two spaces\n\n\ttab',
  '\u{1F600}'.repeat(20),
  ' ',
  'a�b',
])('the pieces of %j join to the text and none splits a code point', (text) => {
  const detokenizer = new Detokenizer(tokenizer.decode, tokenizer.tokenBytes);
  const pieces = encode(text).map((token) => detokenizer.add(token));
  pieces.push(detokenizer.finish());
  expect(pieces.join('')).toBe(text);
  for (const piece of pieces) expect(piece.isWellFormed()).toBe(true);
  if (!text.includes('\uFFFD')) for (const piece of pieces) expect(piece).not.toContain('\uFFFD');
});

test('an answer that ends inside a character ends before it', () => {
  for (const [text, left] of [
    ['🎉', ''],
    ['ab 🎉', 'ab '],
    ['a\uFFFD🎉', 'a\uFFFD'],
  ] as const) {
    const detokenizer = new Detokenizer(tokenizer.decode, tokenizer.tokenBytes);
    const pieces = encode(text)
      .slice(0, -1)
      .map((token) => detokenizer.add(token));
    expect(pieces.join('') + detokenizer.finish()).toBe(left);
  }
});

test('a replacement character that the model wrote stays at the end', () => {
  const detokenizer = new Detokenizer(tokenizer.decode, tokenizer.tokenBytes);
  const pieces = encode('a\uFFFD').map((token) => detokenizer.add(token));
  expect(pieces.join('') + detokenizer.finish()).toBe('a\uFFFD');
});

test('the bytes of the tokens join to the text in UTF-8', () => {
  const text = 'naïve 🎉 你好';
  const bytes = encode(text).flatMap((token) => [...tokenizer.tokenBytes(token)]);
  expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(text);
});

test('the chat template of the model renders a conversation up to the answer', async () => {
  const tokens = await tokenizer.encodeChat([{ role: 'user', content: 'What is the capital of France?' }]);
  expect(tokens).toEqual([
    1, 85, 736, 201, 59, 292, 389, 260, 3836, 1861, 501, 2, 201, 1, 320, 275, 201, 3526, 370, 276, 3167, 2777,
    303, 6091, 697, 33, 2, 201, 1, 1078, 538, 501, 201,
  ]);
  expect(tokenizer.endTokenId).toBe(2);
});
