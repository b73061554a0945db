/** Tokens of texts and conversations, asked as llama.cpp's and vLLM's clients do, while no device is there. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestHub, type TestHub } from '../../testing/testHub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.close());

const model = 'test-model';
const ask = async (
  path: string,
  body: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(`${hub.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const tokenizer = () => hub.deployment.model.tokenizer;
const encode = (text: string, addsSpecial = false): Promise<number[]> =>
  tokenizer().encodeText(text, addsSpecial);

test('a text as llama.cpp asks, without a model and without what every prompt begins with', async () => {
  const text = 'Grüße, 世界 <|im_end|>';
  const { body } = await ask('/tokenize', { content: text });
  expect(body['tokens']).toEqual(await encode(text));
  expect(body['count']).toBe((body['tokens'] as number[]).length);
  const marked = await ask('/tokenize', { content: text, add_special: true });
  expect(marked.body['tokens']).toEqual(await encode(text, true));
});

test('marks of special tokens are text where they are not to count', async () => {
  const { body } = await ask('/tokenize', { content: 'a<|im_end|>b', parse_special: false });
  expect(body['tokens']).not.toContain(2);
  const back = await ask('/detokenize', { tokens: body['tokens'] });
  expect(back.body).toEqual({ content: 'a<|im_end|>b', prompt: 'a<|im_end|>b' });
});

test('pieces join to the text, and parts of a character are bytes', async () => {
  const text = 'Hi 🦖 there';
  const { body } = await ask('/tokenize', { content: text, with_pieces: true });
  const pieces = body['tokens'] as { id: number; piece: string | number[] }[];
  expect(pieces.map(({ id }) => id)).toEqual(await encode(text));
  expect(pieces.some(({ piece }) => Array.isArray(piece))).toBe(true);
  expect(Buffer.concat(pieces.map(({ piece }) => Buffer.from(piece as string))).toString()).toBe(text);
});

test('a prompt as vLLM asks, with its texts and the longest context', async () => {
  const { body } = await ask('/v1/tokenize', { model, prompt: 'Two words', return_token_strs: true });
  const tokens = await encode('Two words', true);
  expect(body).toMatchObject({ tokens, count: tokens.length, max_model_len: 4096 });
  expect((body['token_strs'] as string[]).join('')).toBe('Two words');
});

test('a conversation, with its tools and without the start of an answer', async () => {
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
  const { body } = await ask('/tokenize', { model, messages, tools, add_generation_prompt: false });
  expect(body['tokens']).toEqual(await tokenizer().encodeChat(messages, { tools, end: 'after' }));
});

test('a conversation as the text that the template makes of it', async () => {
  const { body } = await ask('/apply-template', {
    messages: [{ role: 'user', content: 'Grüße <|im_end|>' }],
  });
  expect(body['prompt']).toContain('<|im_start|>user\nGrüße <|im_end|><|im_end|>\n<|im_start|>assistant\n');
});

test.each<[string, object, string]>([
  ['/tokenize', {}, 'content'],
  ['/tokenize', { content: 5 }, 'content'],
  ['/tokenize', { content: 'a', model: 'none' }, 'model'],
  ['/detokenize', { tokens: [1, 'a'] }, 'tokens[1]'],
  ['/detokenize', { tokens: [999_999] }, 'tokens'],
  ['/detokenize', { tokens: Array.from({ length: 4097 }, () => 5) }, 'tokens'],
  ['/apply-template', { messages: [] }, 'messages'],
])('%s of %j is refused with the name of what is wrong', async (path, body, param) => {
  const answer = await ask(path, body);
  expect(answer.status).toBe(param === 'model' ? 404 : 400);
  expect(answer.body).toMatchObject({ error: { param } });
});
