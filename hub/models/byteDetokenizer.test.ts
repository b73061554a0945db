import { AutoTokenizer } from '@huggingface/transformers';
import { expect, test } from 'vitest';
import { builtInModelDirectory } from './builtInModel.ts';
import { ByteDetokenizer } from './byteDetokenizer.ts';
import { Detokenizer, type TokenReader } from './detokenizer.ts';
import { loadTokenizer } from './tokenizer.ts';

const tokenizer = await loadTokenizer(builtInModelDirectory());
const plain = await AutoTokenizer.from_pretrained(builtInModelDirectory(), { local_files_only: true });

function textOf(reader: TokenReader, tokens: readonly number[]): string {
  return tokens.map((token) => reader.add(token)).join('') + reader.finish();
}

test.each([
  'Hello, world!',
  'naïve café 🎉👩‍👩‍👧 你好，世界',
  '\uFEFF  two spaces\n\n\ttab',
  'a\uFFFDb\uFFFD',
  '<|im_start|>user<|im_end|> <think>well</think>',
  '🎉<|im_end|>🎉',
])('%j reads as the library decodes it, however it is cut', (text) => {
  expect(tokenizer.joinsBytes).toBe(true);
  const tokens = plain.encode(text, { add_special_tokens: false });
  for (let length = 0; length <= tokens.length; length++) {
    const part = tokens.slice(0, length);
    const bytes = new ByteDetokenizer(
      tokenizer.tokenBytes,
      (token) => tokenizer.specialText(token) !== undefined,
    );
    const whole = new Detokenizer(tokenizer.decode, tokenizer.tokenBytes);
    expect(textOf(bytes, part)).toBe(textOf(whole, part));
  }
});

test('no piece splits a character', () => {
  const reader = new ByteDetokenizer(tokenizer.tokenBytes, () => false);
  const tokens = plain.encode('👩‍👩‍👧 你好', { add_special_tokens: false });
  const pieces = tokens.map((token) => reader.add(token));
  expect(pieces.join('')).toBe('👩‍👩‍👧 你好');
  for (const piece of pieces) expect(piece).not.toContain('\uFFFD');
});

test('pieces of any bytes read as the decoder reads them', () => {
  const bytes = new TextEncoder().encode('plain, naïve, 你好 🎉, plain again');
  // Behind each character the next one's first byte alone, which no ASCII letter goes on with.
  const broken = [...bytes].flatMap((byte, at) => (at % 5 === 0 ? [0xe4, byte] : [byte]));
  for (const all of [[...bytes], broken]) {
    for (const length of [1, 2, 3, 7]) {
      const pieces = Array.from({ length: Math.ceil(all.length / length) }, (_, at) =>
        Uint8Array.from(all.slice(at * length, (at + 1) * length)),
      );
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      const reader = new ByteDetokenizer(
        (token) => pieces[token] ?? new Uint8Array(),
        () => false,
      );
      const read = pieces.map((_, token) => reader.add(token));
      expect(read).toEqual(pieces.map((piece) => decoder.decode(piece, { stream: true })));
    }
  }
});
