import { expect, test } from 'vitest';
import { textTemplate } from './textTemplate.ts';

test('a template writes what JSON.stringify would, wherever the text stands and whatever it is', () => {
  const value = (text: string): object => ({
    id: 'one',
    choices: [{ delta: { reasoning_content: text, reasoning: text }, logprobs: null }],
    usage: null,
  });
  const template = textTemplate(value);
  for (const text of ['', ' the', '"\\\n\u2028$&$1', '🎉', '\u0000text\u0000'])
    expect(template(text)).toBe(JSON.stringify(value(text)));
});
