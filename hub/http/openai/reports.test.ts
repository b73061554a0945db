/** What vLLM and llama.cpp tell beside an answer, and the shortest answer, with one hub for all. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAnsweringHub, type AnsweringHub } from '../../testing/answeringHub.ts';
import { testStopToken } from '../../testing/testModel.ts';

let hub: AnsweringHub;
beforeAll(async () => {
  hub = await startAnsweringHub();
  hub.answers = ['One. Two. Three.'];
});
afterAll(() => hub.close());

interface Answer {
  prompt_token_ids?: number[];
  choices: { index: number; token_ids?: number[]; prompt_token_ids?: number[]; text?: string }[];
  timings?: Record<string, number>;
  error?: { param: string; message: string };
}
const post = (path: string, body: object): Promise<Response> =>
  fetch(`${hub.url}/v1/${path}`, { method: 'POST', body: JSON.stringify({ model: 'test-model', ...body }) });
const ask = async (path: string, body: object): Promise<Answer> =>
  (await post(path, body)).json() as Promise<Answer>;
const stream = async (path: string, body: object): Promise<Answer[]> => {
  const text = await (await post(path, { ...body, stream: true })).text();
  return [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data = '']) => JSON.parse(data) as Answer);
};
const chat = { messages: [{ role: 'user', content: 'Hi' }] };
const answered = (): number[] => [...hub.encode('One. Two. Three.'), testStopToken];

test('a chat tells its token ids, whole and piece by piece, each once', async () => {
  const whole = await ask('chat/completions', { ...chat, return_token_ids: true });
  expect(whole.prompt_token_ids).toEqual(hub.lastPrompt());
  expect(whole.choices[0]?.token_ids).toEqual(answered());
  const chunks = await stream('chat/completions', { ...chat, return_token_ids: true, n: 2 });
  expect(chunks.filter((chunk) => chunk.prompt_token_ids)).not.toHaveLength(0);
  for (const index of [0, 1]) {
    const own = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
    expect(own.flatMap(({ token_ids: tokens = [] }) => tokens)).toEqual(answered());
  }
  expect(await ask('chat/completions', chat)).not.toHaveProperty('prompt_token_ids');
});

test('a text completion tells them in each choice', async () => {
  const { choices } = await ask('completions', {
    prompt: ['One', 'Two'],
    max_tokens: 50,
    return_token_ids: true,
  });
  const encode = (text: string) => hub.deployment.model.tokenizer.encodeText(text, true);
  expect(choices.map((choice) => choice.prompt_token_ids)).toEqual([
    await encode('One'),
    await encode('Two'),
  ]);
  expect(choices.map((choice) => choice.token_ids)).toEqual([answered(), answered()]);
});

test('timings come with every piece, as llama.cpp has them', async () => {
  const chunks = await stream('chat/completions', { ...chat, timings_per_token: true });
  const { timings } = chunks.at(-1) as Required<Answer>;
  expect(timings).toMatchObject({ prompt_n: hub.lastPrompt().length, predicted_n: answered().length });
  expect(Object.values(timings).every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
  expect(await ask('completions', { prompt: 'One', timings_per_token: true })).toHaveProperty('timings');
  expect((await stream('chat/completions', chat)).some((chunk) => 'timings' in chunk)).toBe(false);
});

test('a least length holds the ends of an answer back, and stop strings that come before it', async () => {
  const stop = hub.encode('One. Two').length;
  const answer = await ask('completions', {
    prompt: 'Hi',
    max_tokens: 50,
    min_tokens: stop,
    stop: ['Two', 'Three'],
    stop_token_ids: [77],
  });
  expect(answer.choices[0]?.text).toBe('One. Two. ');
  const { heldBack } = hub.lastOpened()?.sampling ?? {};
  expect(heldBack?.until).toBe(hub.lastPrompt().length + stop);
  expect([...(heldBack?.tokens ?? [])].sort((a, b) => a - b)).toEqual([testStopToken, 77]);
  await ask('completions', { prompt: 'Hi' });
  expect(hub.lastOpened()?.sampling).not.toHaveProperty('heldBack');
  const { error } = await ask('completions', { prompt: 'Hi', max_tokens: 5, min_tokens: 6 });
  expect(error).toMatchObject({ param: 'min_tokens' });
});
