/** Text completions, with one hub for all. */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scriptedScore, startAnsweringHub, type AnsweringHub } from '../../testing/answeringHub.ts';
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

/** As lm-evaluation-harness asks. */
describe('echo with log probabilities', () => {
  const prompt = 'Two and a half';

  test('tells how likely each token of the prompt is, and draws none where none is wanted', async () => {
    const tokens = await encode(prompt);
    const answer = await client.completions.create({
      model,
      prompt: tokens,
      echo: true,
      logprobs: 2,
      max_tokens: 0,
    });
    const [choice] = answer.choices;
    expect(choice).toMatchObject({ text: prompt, finish_reason: 'length' });
    expect(answer.usage).toMatchObject({ prompt_tokens: tokens.length, completion_tokens: 0 });
    const { tokens: texts = [], token_logprobs, top_logprobs, text_offset } = choice?.logprobs ?? {};
    expect(texts.join('')).toBe(prompt);
    expect(token_logprobs).toEqual(tokens.map((_, index) => (index === 0 ? null : scriptedScore(index))));
    expect(top_logprobs?.[0]).toBeNull();
    // The token itself beside the two likeliest.
    expect(top_logprobs?.[1]).toMatchObject({ [texts[1] ?? '']: scriptedScore(1) });
    expect(text_offset?.map((offset, index) => prompt.slice(offset, text_offset[index + 1]))).toEqual(texts);
  });

  test.each([false, true])('goes on with the answer, streamed: %j', async (stream) => {
    const body = { model, prompt: [prompt, 'Two'], echo: true, logprobs: 0, n: 2, max_tokens: 50 };
    const choices = new Map<number, { text: string; logprobs: Required<OpenAI.CompletionChoice.Logprobs> }>();
    const take = ({ choices: some }: OpenAI.Completion): void => {
      for (const { index, text, logprobs } of some) {
        const known = choices.get(index) ?? {
          text: '',
          logprobs: { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] },
        };
        known.text += text;
        known.logprobs.tokens.push(...(logprobs?.tokens ?? []));
        known.logprobs.token_logprobs.push(...(logprobs?.token_logprobs ?? []));
        known.logprobs.text_offset.push(...(logprobs?.text_offset ?? []));
        choices.set(index, known);
      }
    };
    if (stream) for await (const chunk of await client.completions.create({ ...body, stream })) take(chunk);
    else take(await client.completions.create({ ...body, stream }));
    for (const [index, before] of [prompt, prompt, 'Two', 'Two'].entries()) {
      const { text, logprobs } = choices.get(index) ?? {};
      expect(text).toBe(`${before} and a half`);
      // One for each token, with the one that ended the answer.
      expect(logprobs?.tokens.join('')).toBe(`${text}<|im_end|>`);
      const scored = (await encode(before)).map((_, place) => (place === 0 ? null : scriptedScore(place)));
      const answered = [...hub.encode(' and a half'), 'the end'].map(() => -0.5);
      expect(logprobs?.token_logprobs).toEqual([...scored, ...answered]);
      const offsets = logprobs?.text_offset ?? [];
      const texts = offsets.map((offset, place) => text?.slice(offset, offsets[place + 1]));
      expect(texts).toEqual([...(logprobs?.tokens.slice(0, -1) ?? []), '']);
    }
  });

  test('begins with no cache of an earlier prompt, whose steps had no scores', async () => {
    const { id } = await client.completions.create({ model, prompt, echo: true, logprobs: 1 });
    const opened = await hub.openedFor(id);
    expect(opened).toMatchObject({ scores: 1 });
    expect(opened.from).toBeUndefined();
  });
});

test('a text may be read without an answer', async () => {
  const { choices, usage } = await client.completions.create({ model, prompt: 'Two', max_tokens: 0 });
  expect(choices).toEqual([{ index: 0, text: '', logprobs: null, finish_reason: 'length' }]);
  expect(usage?.completion_tokens).toBe(0);
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
  const other = await send({ prompt: 'Two', n_predict: 40 });
  const { id: otherId } = (await other.json()) as { id: string };
  const longer = await hub.openedFor(otherId);
  expect(longer.lengthLimit - longer.promptLength).toBe(40);
});

test.each<[object, string]>([
  [{ prompt: 'x', suffix: 'y' }, 'suffix'],
  [{ prompt: ['x', 'y'], n: 100 }, 'n'],
  [{ prompt: 'x', best_of: 3 }, 'best_of'],
  [{ prompt: 'word '.repeat(1200), echo: true, logprobs: 20, n: 16 }, 'logprobs'],
  [{ prompt: 'x', max_tokens: -2 }, 'max_tokens'],
  [{ prompt: 'x', max_tokens: 0, min_tokens: 1 }, 'min_tokens'],
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
