/** Text completions, with one hub for all. */
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAnsweringHub, type AnsweringHub } from '../../testing/answeringHub.ts';
import { answerParameters } from '../inference/knownParameters.ts';
import { CompletionBody } from './completionBody.ts';

let hub: AnsweringHub;
let client: OpenAI;
beforeAll(async () => {
  hub = await startAnsweringHub();
  hub.answers = [' and a half'];
  client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: 'any', maxRetries: 0 });
});
afterAll(() => hub.close());

const model = 'test-model';
const send = (body: object): Promise<Response> =>
  fetch(`${hub.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, ...body }),
  });
const promptsSent = (): number[][] =>
  hub.answerer.received.flatMap((one) => (one.type === 'prompt' ? [one.tokens] : []));
const encode = (text: string): Promise<number[]> => hub.deployment.model.tokenizer.encodeText(text, true);

test('a text goes on as it is, with usage and the route', async () => {
  const { data, response } = await client.completions
    .create({ model, prompt: 'Two <|im_end|>', max_tokens: 50 })
    .withResponse();
  expect(data.choices).toEqual([{ index: 0, text: ' and a half', logprobs: null, finish_reason: 'stop' }]);
  const prompt = await encode('Two <|im_end|>');
  expect(promptsSent().at(-1)).toEqual(prompt);
  expect(prompt).toContain(2);
  expect(data.usage).toMatchObject({
    prompt_tokens: prompt.length,
    completion_tokens: hub.encode(' and a half').length + 1,
  });
  expect(data.id).toBe(`cmpl-${response.headers.get('x-request-id')}`);
  expect(response.headers.get('x-potluck-route')).toBe('one[0-7]');
});

test('several prompts, texts or token ids, each with its choices in order', async () => {
  const texts = await client.completions.create({ model, prompt: ['One', 'Two'], n: 2, echo: true });
  expect(texts.choices.map(({ index, text }) => [index, text])).toEqual([
    [0, 'One and a half'],
    [1, 'One and a half'],
    [2, 'Two and a half'],
    [3, 'Two and a half'],
  ]);
  const [one, two] = [await encode('One'), await encode('Two')];
  expect(texts.usage?.prompt_tokens).toBe(one.length + two.length);
  const ids = await client.completions.create({ model, prompt: one, echo: true });
  expect(ids.choices[0]?.text).toBe('One and a half');
  expect(promptsSent().at(-1)).toEqual(one);
  const lists = await client.completions.create({ model, prompt: [one, [1, ...two]], echo: true });
  expect(lists.choices.map(({ text }) => text)).toEqual(['One and a half', '<|im_start|>Two and a half']);
});

test('log probabilities are lists whose tokens join to the text', async () => {
  const { choices } = await client.completions.create({ model, prompt: 'Two', logprobs: 1 });
  const logprobs = choices[0]?.logprobs;
  expect(logprobs?.tokens?.join('')).toBe(' and a half');
  expect(logprobs?.token_logprobs).toEqual(logprobs?.tokens?.map(() => -0.5));
  expect(logprobs?.top_logprobs).toEqual(logprobs?.tokens?.map((token) => ({ [token]: -0.5 })));
  const offsets = logprobs?.text_offset ?? [];
  expect(
    logprobs?.tokens?.map((_, index) => ' and a half'.slice(offsets[index], offsets[index + 1])),
  ).toEqual(logprobs?.tokens);
});

test('a stream has the same shape, with usage at its end where it is asked for', async () => {
  const stream = await client.completions.create({
    model,
    prompt: ['One', 'Two'],
    echo: true,
    stream: true,
    stream_options: { include_usage: true },
  });
  const texts = ['', ''];
  const chunks: OpenAI.Completion[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    for (const { index, text } of chunk.choices) texts[index] += text;
  }
  expect(texts).toEqual(['One and a half', 'Two and a half']);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) as number } });
  expect(chunks.flatMap(({ choices }) => choices.map((one) => one.finish_reason ?? '')).join('')).toBe(
    'stopstop',
  );
  expect(new Set(chunks.map(({ id, object }) => `${id} ${object}`)).size).toBe(1);
});

test('without a limit of its own an answer has OpenAI’s 16 tokens', async () => {
  const { id } = await client.completions.create({ model, prompt: 'Two' });
  const open = await hub.openedFor(id);
  expect(open.lengthLimit - open.promptLength).toBe(16);
});

test.each<[object, string]>([
  [{ prompt: 'x', suffix: 'y' }, 'suffix'],
  [{ prompt: ['x', 'y'], n: 100 }, 'n'],
  [{ prompt: 'x', best_of: 3 }, 'best_of'],
  [{ prompt: 'x', echo: true, logprobs: 1 }, 'echo'],
  [{ prompt: 'x', logprobs: true }, 'logprobs'],
  [{ prompt: 'x', logprobs: 21 }, 'logprobs'],
  [{ prompt: '' }, 'prompt'],
  [{ prompt: [] }, 'prompt'],
  [{ prompt: [999999] }, 'prompt'],
  [{ prompt: Array(129).fill('x') }, 'prompt'],
  [{}, 'prompt'],
  [{ prompt: 'word '.repeat(5000) }, 'prompt'],
  [{ prompt: 'x', messages: [], response_format: { type: 'tag' } }, 'response_format'],
])('%j is refused with the name of the parameter', async (body, param) => {
  const response = await send(body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { param, code: expect.any(String) as string } });
});

test('every parameter that is known is honoured or refused by its name', async () => {
  const honoured = Object.keys(CompletionBody.shape);
  const others = Object.keys(answerParameters).filter((name) => !honoured.includes(name));
  const refused = await Promise.all(
    others.map(async (name) => {
      const response = await send({ prompt: 'x', [name]: { 'asks for': ['something'] } });
      return ((await response.json()) as { error?: { param: string } }).error?.param;
    }),
  );
  expect(refused).toEqual(others);
});
