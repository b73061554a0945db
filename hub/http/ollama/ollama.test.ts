/** Ollama's API, with its real client and one hub whose model answers what the test says. */
import { Ollama } from 'ollama';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { api, elsewhere } from '../../testing/apiClient.ts';
import { startAnsweringHub, type AnsweringHub } from '../../testing/answeringHub.ts';
import { testApiKey } from '../../testing/testHub.ts';

let hub: AnsweringHub;
let client: Ollama;

beforeAll(async () => {
  hub = await startAnsweringHub({ adminPassword: 'correct horse' });
  client = new Ollama({ host: hub.url });
});
afterAll(() => hub.close());

const model = 'test-model';
const messages = [{ role: 'user', content: 'Hi' }];
const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'Weather of a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
];
const callText = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>';
const tokenizer = () => hub.deployment.model.tokenizer;

test('a whole answer to a chat, with its durations in nanoseconds', async () => {
  hub.answers = ['Hello there'];
  const response = await client.chat({ model, messages });
  expect(response).toMatchObject({
    model,
    message: { role: 'assistant', content: 'Hello there' },
    done: true,
    done_reason: 'stop',
    prompt_eval_count: hub.lastPrompt().length,
    eval_count: hub.encode('Hello there').length + 1,
  });
  expect(response.total_duration).toBeGreaterThanOrEqual(response.prompt_eval_duration);
  expect(Number.isInteger(response.eval_duration)).toBe(true);
  expect(new Date(response.created_at).getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect(hub.lastPrompt()).toEqual(await tokenizer().encodeChat([{ role: 'user', content: 'Hi' }]));
});

test('a stream of lines, with thoughts, text and calls apart', async () => {
  hub.answers = [`<think>\nHm.\n</think>\n\nLet me see.\n${callText}`];
  const pieces = { content: '', thinking: '' };
  const calls: unknown[] = [];
  const ends: boolean[] = [];
  for await (const { message, done } of await client.chat({ model, messages, tools, stream: true })) {
    pieces.content += message.content;
    pieces.thinking += message.thinking ?? '';
    calls.push(...(message.tool_calls ?? []));
    ends.push(done);
  }
  expect(pieces).toEqual({ content: 'Let me see.', thinking: '\nHm.\n' });
  expect(calls).toMatchObject([{ function: { name: 'get_weather', arguments: { city: 'Rome' } } }]);
  expect(ends.filter(Boolean)).toHaveLength(1);
  expect(ends.at(-1)).toBe(true);
});

test('streams are lines of JSON, and are the default', async () => {
  hub.answers = ['Hi'];
  const response = await fetch(`${hub.url}/api/generate`, {
    method: 'POST',
    body: JSON.stringify({ model: `${model}:latest`, prompt: 'Hi' }),
  });
  expect(response.headers.get('content-type')).toBe('application/x-ndjson');
  const lines = (await response.text()).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { model: `${model}:latest`, response: 'H', done: false },
    { response: 'i', done: false },
    { response: '', done: true, done_reason: 'stop' },
  ]);
});

test('call and result go back to the model', async () => {
  hub.answers = ['20 degrees'];
  await client.chat({
    model,
    tools,
    messages: [
      ...messages,
      {
        role: 'assistant',
        content: '',
        thinking: 'Hm.',
        tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'Rome' } } }],
      },
      { role: 'tool', content: '20', tool_name: 'get_weather' },
    ],
  });
  const prompt = tokenizer().decode(hub.lastPrompt());
  expect(prompt).toContain('{"name": "get_weather", "arguments": {"city": "Rome"}}');
  expect(prompt).toContain('<tool_response>\n20\n</tool_response>');
});

test('options reach the devices, and those of a machine are left to its owner', async () => {
  hub.answers = ['One. Two.'];
  const options = {
    ...{ temperature: 0.3, top_k: 7, top_p: 0.8, min_p: 0.1, seed: 5, repeat_penalty: 1.2 },
    ...{ presence_penalty: 0.5, frequency_penalty: 0.25, repeat_last_n: -1 },
    ...{ num_ctx: 8192, num_gpu: 1, num_thread: 2, num_predict: 40, stop: [' Two'] },
  };
  const response = await client.generate({ model, prompt: 'Count', options, keep_alive: '5m' });
  expect(response).toMatchObject({ response: 'One.', done_reason: 'stop' });
  expect(hub.lastOpened()?.sampling).toMatchObject({
    ...{ temperature: 0.3, topK: 7, topP: 0.8, minP: 0.1, seed: 5, repetitionPenalty: 1.2 },
    ...{ presencePenalty: 0.5, frequencyPenalty: 0.25 },
  });
  expect(hub.lastOpened()?.lengthLimit).toBe(hub.lastPrompt().length + 40);
  expect(hub.lastOpened()?.sampling).not.toHaveProperty('penaltyWindow');
  for (const [given, window] of [
    [{}, 64],
    [{ repeat_last_n: 7 }, 7],
  ] as const) {
    await client.generate({ model, prompt: 'Count', options: { repeat_penalty: 1.1, ...given } });
    expect(hub.lastOpened()?.sampling).toMatchObject({ repetitionPenalty: 1.1, penaltyWindow: window });
  }
  expect((await client.generate({ model, prompt: 'Count', options: { num_predict: 2 } })).done_reason).toBe(
    'length',
  );
});

test('a prompt with its system goes through the template, and a raw one as it is', async () => {
  hub.answers = [' and a half'];
  await client.generate({ model, prompt: 'Two', system: 'Be brief.' });
  expect(hub.lastPrompt()).toEqual(
    await tokenizer().encodeChat([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Two' },
    ]),
  );
  const { response } = await client.generate({ model, prompt: 'Two <|im_end|>', raw: true });
  expect(response).toBe(' and a half');
  expect(hub.lastPrompt()).toEqual(await tokenizer().encodeText('Two <|im_end|>', true));
});

test('a format holds the answer: any JSON, or that of a schema', async () => {
  hub.answers = ['{"city": "Rome"}'];
  const schema = { type: 'object', properties: { city: { type: 'string' } } };
  await client.chat({ model, messages, format: 'json' });
  expect(hub.lastOpened()?.constraint).toMatchObject({ kind: 'json-schema' });
  for (const raw of [true, false]) {
    const { response } = await client.generate({ model, prompt: 'Where?', format: schema, raw });
    expect(response).toBe(hub.answers[0]);
    expect(hub.lastOpened()?.constraint?.text).toContain('"city"');
  }
  await client.chat({ model, messages });
  expect(hub.lastOpened()).not.toHaveProperty('constraint');
});

test('log probabilities come with each token', async () => {
  hub.answers = ['Hi'];
  const { logprobs } = await client.chat({ model, messages, logprobs: true, top_logprobs: 1 });
  expect(logprobs?.[0]).toMatchObject({
    token: 'H',
    logprob: -0.5,
    top_logprobs: [{ token: 'H', logprob: -0.5 }],
  });
});

test('nothing to answer loads or unloads', async () => {
  expect(await client.chat({ model, messages: [] })).toMatchObject({ done: true, done_reason: 'load' });
  expect(await client.generate({ model, prompt: '', keep_alive: 0 })).toMatchObject({
    response: '',
    done_reason: 'unload',
  });
});

test('models are listed, shown, and told to be running', async () => {
  const { models } = await client.list();
  expect(models).toMatchObject([{ name: model, model, size: 8_000_000, details: { format: 'onnx' } }]);
  expect((await client.ps()).models).toMatchObject([{ name: model, context_length: 4096 }]);
  const shown = await client.show({ model: `${model}:latest` });
  expect(shown.capabilities).toEqual(['completion', 'tools', 'thinking']);
  expect(shown.model_info).toMatchObject({ 'onnx.context_length': 4096 });
  expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+$/);
});

test.each<[string, object, string]>([
  ['chat', { messages: [{ role: 'user', content: 'Hi', images: ['aGk='] }] }, 'messages[0].images'],
  ['chat', { messages: [{ role: 'bot', content: '' }] }, 'messages[0].role'],
  ['chat', { messages, format: 'yaml' }, 'format'],
  ['generate', { prompt: 'Hi', format: { type: 'nothing' } }, 'format.type'],
  ['chat', { messages, think: 'hard' }, 'think'],
  ['chat', { messages, options: { temperature: 9 } }, 'options.temperature'],
  ['chat', { messages, options: { mirostat: 2 } }, 'options.mirostat'],
  ['chat', { messages, options: { repeat_last_n: -2 } }, 'options.repeat_last_n'],
  ['chat', { messages, options: { num_predict: 0 } }, 'options.num_predict'],
  ['generate', { prompt: 'Hi', template: '{{ .Prompt }}' }, 'template'],
  ['generate', { prompt: 'Hi', suffix: 'there' }, 'suffix'],
  ['generate', { prompt: 'Hi', images: ['aGk='] }, 'images'],
  ['generate', { prompt: 'Hi', context: [1, 2] }, 'context'],
])('%s with %j is refused by its name', async (path, more, name) => {
  const { status, body } = await api(hub, 'POST', `/${path}`, { model, ...more });
  expect([status, body]).toEqual([400, { error: expect.stringContaining(`'${name}'`) as string }]);
});

test('what only the administrator does is refused with the way to it', async () => {
  await expect(client.pull({ model: 'llama3' })).rejects.toMatchObject({
    status_code: 501,
    error: expect.stringContaining('administrator') as string,
  });
  await expect(client.delete({ model })).rejects.toMatchObject({ status_code: 501 });
  await expect(client.chat({ model: 'llama3', messages })).rejects.toMatchObject({
    status_code: 404,
    error: expect.stringContaining("'test-model' does") as string,
  });
});

test('a key opens these paths as it opens /v1, and no password is asked for', async () => {
  hub.answers = ['Hi'];
  const without = await api(hub, 'POST', '/chat', { model, messages }, elsewhere);
  expect([without.status, typeof without.body['error']]).toEqual([401, 'string']);
  const headers = { authorization: `Bearer ${testApiKey}`, ...elsewhere };
  expect((await api(hub, 'POST', '/chat', { model, messages, stream: false }, headers)).status).toBe(200);
  expect((await api(hub, 'GET', '/tags')).status).toBe(200);
  expect((await api(hub, 'GET', '/keys')).status).toBe(401);
});
