import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import OpenAI from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RequestDetail } from '@potluck/api';
import type { Prompt } from '@potluck/protocol';
import { api } from '../../testing/apiClient.ts';
import { toSeed } from '../inference/generationFields.ts';
import { answering, startTestHub, type TestHub, type TestHubInit } from '../../testing/testHub.ts';

let hub: TestHub;
let client: OpenAI;

async function start(init: TestHubInit = {}): Promise<void> {
  hub = await startTestHub(init);
  client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: 'any', maxRetries: 0 });
}
beforeEach(() => start());
afterEach(() => hub.close());

const ask = { model: 'test-model', messages: [{ role: 'user' as const, content: 'Hi' }] };
const sendChat = (body: unknown, init: RequestInit = {}): Promise<Response> =>
  fetch(`${hub.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });

test('an answer comes whole, with usage, route and timings', async () => {
  hub.worker('one', answering(hub, 'Paris, of course.'));
  await hub.served();
  const { data, response } = await client.chat.completions.create(ask).withResponse();
  expect(data.choices).toMatchObject([
    { index: 0, message: { role: 'assistant', content: 'Paris, of course.' }, finish_reason: 'stop' },
  ]);
  const answerTokens = hub.encode('Paris, of course.').length + 1;
  expect(data.usage).toMatchObject({ completion_tokens: answerTokens });
  expect(response.headers.get('x-potluck-route')).toBe('one[0-7]');
  expect(response.headers.get('server-timing')).toMatch(/stage-0;desc="layers 0 to 7";dur=20\.0/);
  expect(data.id).toBe(`chatcmpl-${response.headers.get('x-request-id')}`);
  const record = (await (await fetch(`${hub.url}/api/requests/${data.id}`)).json()) as Record<
    string,
    unknown
  >;
  expect(record).toMatchObject({
    status: 'done',
    finishReason: 'stop',
    completionTokens: answerTokens,
    stages: [{ worker: 'one', queueMs: 1, computeMs: 20, transferMs: 2.75, tokens: 30, path: 'direct' }],
  });
});

test('who asks for a request as soon as its stream ends gets the timings of its stages', async () => {
  const closing = Promise.withResolvers<() => void>();
  const worker = hub.worker('one', {
    ...answering(hub, 'Hello there'),
    onClose: (self, message) => closing.resolve(() => self.sessionClosed(message)),
  });
  await hub.served();
  const response = await sendChat({ ...ask, stream: true });
  await response.text();
  const { sessionId } = await worker.message('prompt');
  const reading = fetch(`${hub.url}/api/requests/${sessionId}`).then((answer) => answer.json());
  await fetch(`${hub.url}/health`);
  (await closing.promise)();
  expect(await reading).toMatchObject({ status: 'done', stages: [{ worker: 'one', computeMs: 20 }] });
});

test('a stream follows the rules that clients rely on', async () => {
  hub.worker('one', answering(hub, 'Hello there'));
  await hub.served();
  const response = await sendChat({ ...ask, stream: true, stream_options: { include_usage: true } });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(response.headers.get('x-potluck-route')).toBe('one[0-7]');
  const events = (await response.text())
    .trim()
    .split('\n\n')
    .map((line) => line.replace(/^data: /, ''));
  expect(events.pop()).toBe('[DONE]');
  const chunks = events.map((event) => JSON.parse(event) as OpenAI.ChatCompletionChunk);
  const usage = chunks.pop();
  expect(usage).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) as number } });
  expect(
    new Set(chunks.map((chunk) => `${chunk.id} ${chunk.created} ${chunk.model} ${chunk.object}`)).size,
  ).toBe(1);
  expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
  for (const chunk of chunks.slice(1)) expect(chunk.choices[0]?.delta).not.toHaveProperty('role');
  for (const chunk of chunks) expect(chunk.usage).toBeNull();
  expect(chunks.at(-1)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
  for (const chunk of chunks.slice(0, -1)) expect(chunk.choices[0]?.finish_reason).toBeNull();
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Hello there');
});

test('the official client reads a stream, with log probabilities that join to the text', async () => {
  hub.worker('one', answering(hub, 'Hello there'));
  await hub.served();
  const stream = await client.chat.completions.create({
    ...ask,
    stream: true,
    logprobs: true,
    top_logprobs: 1,
  });
  let text = '';
  let tokens = '';
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    tokens += (chunk.choices[0]?.logprobs?.content ?? []).map((entry) => entry.token).join('');
  }
  expect(text).toBe('Hello there');
  expect(tokens).toBe(text);
});

test('a stop string ends the answer, is not shown, and the stages stop', async () => {
  const worker = hub.worker('one', {
    onPrompt: (one, { sessionId, tokens }) =>
      one.tokens(sessionId, tokens.length, hub.encode('One. Two. Three.')),
  });
  await hub.served();
  const answer = await client.chat.completions.create({ ...ask, stop: ['Two'] });
  expect(answer.choices[0]).toMatchObject({ message: { content: 'One. ' }, finish_reason: 'stop' });
  await worker.message('close-session');
});

test('max_tokens is given to the stages and ends the answer with length', async () => {
  const worker = hub.worker('one', {
    onPrompt: (one, { sessionId, tokens }) =>
      one.tokens(sessionId, tokens.length, hub.encode('a b').slice(0, 2), 'length'),
  });
  await hub.served();
  const answer = await client.chat.completions.create({ ...ask, max_tokens: 9, max_completion_tokens: 2 });
  expect(answer.choices[0]?.finish_reason).toBe('length');
  expect(answer.usage?.completion_tokens).toBe(2);
  const open = await worker.message('open-session');
  expect(open.lengthLimit - open.promptLength).toBe(2);
});

test('sampling parameters reach the last stage, and a seed is drawn and kept where none is given', async () => {
  const worker = hub.worker('one', answering(hub, 'x'));
  await hub.served();
  await client.chat.completions.create({
    ...ask,
    temperature: 0.5,
    top_p: null,
    seed: -2,
    logit_bias: { 7: -100 },
    ...({ top_k: 5, min_p: 0.1, repetition_penalty: 1.1, unknown_field: {} } as object),
  });
  const first = await worker.message('open-session');
  expect(first.sampling).toMatchObject({
    temperature: 0.5,
    topP: 1,
    topK: 5,
    minP: 0.1,
    repetitionPenalty: 1.1,
    logitBias: [[7, -100]],
    seed: toSeed(-2),
  });
  const answer = await client.chat.completions.create(ask);
  const second = await worker.message('open-session', ({ sessionId }) => answer.id.endsWith(sessionId));
  const record = (await (await fetch(`${hub.url}/api/requests/${answer.id}`)).json()) as { seed: number };
  expect(second.sampling?.seed).toBe(record.seed);
});

test.each([
  ['9223372036854775807', 2n ** 63n - 1n],
  ['-9223372036854775808', -(2n ** 63n)],
  ['9007199254740993', 2n ** 53n + 1n],
])('the seed %s is taken exactly', async (written, seed) => {
  const worker = hub.worker('one', answering(hub, 'x'));
  await hub.served();
  const response = await sendChat(
    JSON.stringify({ ...ask, seed: 0 }).replace('"seed":0', `"seed":${written}`),
  );
  expect(response.status).toBe(200);
  expect((await worker.message('open-session')).sampling?.seed).toBe(toSeed(seed));
});

test('a seed of -1 is drawn, and seeds beyond 64 bits are refused', async () => {
  const worker = hub.worker('one', answering(hub, 'x'));
  await hub.served();
  for (let count = 0; count < 2; count++) await (await sendChat({ ...ask, seed: -1 })).text();
  const seeds = worker.received.flatMap((one) => (one.type === 'open-session' ? [one.sampling?.seed] : []));
  expect(new Set(seeds).size).toBe(2);
  const huge = await sendChat(
    JSON.stringify({ ...ask, seed: 0 }).replace('"seed":0', '"seed":9223372036854775808'),
  );
  expect(huge.status).toBe(400);
  expect(await huge.text()).toContain('9223372036854775807');
});

test('seeds that differ in any of 64 bits draw differently, and small ones stay as they are', () => {
  const seeds = [
    0n,
    1n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 60n,
    2n ** 63n - 1n,
    2n ** 63n - 2n,
    -2n,
  ];
  expect(new Set(seeds.map(toSeed)).size).toBe(seeds.length);
  expect(seeds.slice(0, 3).map(toSeed)).toEqual([0, 1, Number.MAX_SAFE_INTEGER]);
});

test('a stop string that is the text of a special token ends the answer there', async () => {
  hub.worker('one', {
    onPrompt: (one, { sessionId, tokens }) =>
      one.tokens(sessionId, tokens.length, [...hub.encode('One'), 1, ...hub.encode(' two')]),
  });
  await hub.served();
  const answer = await client.chat.completions.create({ ...ask, stop: ['<|im_start|>'] });
  expect(answer.choices[0]).toMatchObject({ message: { content: 'One' }, finish_reason: 'stop' });
});

test('variables of the template reach it', async () => {
  hub.worker('one', answering(hub, 'x'));
  await hub.served();
  const { model } = hub.deployment;
  const { encodeChat } = model.tokenizer;
  const seen: unknown[] = [];
  model.tokenizer = {
    ...model.tokenizer,
    encodeChat: (messages, options) => {
      seen.push(options?.variables);
      return encodeChat(messages, options);
    },
  };
  const variables = { enable_thinking: false };
  const response = await sendChat({ ...ask, chat_template_kwargs: variables, reasoning_effort: 'low' });
  expect(response.status).toBe(200);
  expect(seen).toEqual([{ ...variables, reasoning_effort: 'low' }]);
});

test('a body may begin with a byte order mark, and one that is wrong is told where', async () => {
  hub.worker('one', answering(hub, 'x'));
  await hub.served();
  expect((await sendChat(`\uFEFF${JSON.stringify(ask)}`)).status).toBe(200);
  const wrong = await sendChat('{"model": "test-model", messages: []}');
  expect(await wrong.json()).toMatchObject({
    error: { message: expect.stringMatching(/^The body is not valid JSON: .*position 24/) as string },
  });
});

test('a compressed body is refused with the name of its encoding', async () => {
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const response = await sendChat(ask, { headers, body: gzipSync(JSON.stringify(ask)) });
  expect(response.status).toBe(415);
  expect(await response.json()).toMatchObject({
    error: { message: expect.stringContaining('"gzip"') as string, code: 'unsupported_encoding' },
  });
});

test('half a surrogate pair and other odd characters are read as text', async () => {
  const worker = hub.worker('one', answering(hub, 'x'));
  await hub.served();
  const response = await sendChat({ ...ask, messages: [{ role: 'user', content: 'a\uD800\0\u2028b' }] });
  expect(response.status).toBe(200);
  expect((await worker.message('prompt')).tokens).toEqual(
    await hub.deployment.model.tokenizer.encodeChat([{ role: 'user', content: 'a\uFFFD\0\u2028b' }]),
  );
});

test('null means absent, parts are joined, and developer is system', async () => {
  const worker = hub.worker('one', answering(hub, 'x'));
  await hub.served();
  const response = await sendChat({
    ...ask,
    n: null,
    stop: null,
    tools: null,
    response_format: { type: 'text' },
    messages: [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'H' },
          { type: 'text', text: 'i' },
        ],
      },
    ],
  });
  expect(response.status).toBe(200);
  const { tokens } = await worker.message('prompt');
  expect(tokens).toEqual(
    await hub.deployment.model.tokenizer.encodeChat([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ]),
  );
});

test('a body that is no JSON, an unknown model and an unknown route answer in the error shape', async () => {
  hub.worker('one');
  await hub.served();
  const shape = { error: { message: expect.any(String) as string } };
  const [noJson, unknown, route, method] = await Promise.all([
    sendChat('{'),
    sendChat({ ...ask, model: 'owner/other:tag' }),
    fetch(`${hub.url}/v1/nothing`),
    fetch(`${hub.url}/v1/chat/completions`),
  ]);
  expect([noJson.status, unknown.status, route.status, method.status]).toEqual([400, 404, 404, 405]);
  expect(await unknown.json()).toMatchObject({ error: { code: 'model_not_found', param: 'model' } });
  for (const response of [noJson, route, method]) expect(await response.json()).toMatchObject(shape);
});

test('a conversation that is too long is refused in the words that agents look for', async () => {
  hub.worker('one');
  await hub.served();
  const content = 'word '.repeat(5000);
  const response = await sendChat({ ...ask, messages: [{ role: 'user', content }] });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    error: {
      code: 'context_length_exceeded',
      message: expect.stringContaining('maximum context length is 4096 tokens') as string,
    },
  });
});

test('without a pipeline the answer is 503 with a time to come back and the numbers', async () => {
  const response = await sendChat(ask);
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('5');
  hub.worker('small', { memoryBytes: 1e6 });
  await expect
    .poll(async () => ((await (await sendChat(ask)).json()) as { error: { message: string } }).error.message)
    .toMatch(/needs \d+ MB, devices offer 1 MB/);
});

test('a client that goes away ends the session on every stage, before the first token, streaming or not', async () => {
  const workers = ['one', 'two'].map((name) => hub.worker(name, { memoryBytes: 74e6 }));
  await hub.served();
  expect(hub.deployment.ready?.stages).toHaveLength(2);
  const prompts: Prompt[] = [];
  for (const stream of [true, false]) {
    const controller = new AbortController();
    const response = sendChat({ ...ask, stream }, { signal: controller.signal });
    response.catch(() => undefined);
    const first = workers.find(({ id }) => id === hub.deployment.ready?.stages[0]?.workerId);
    const prompt = await first?.message(
      'prompt',
      ({ sessionId }) => !prompts.some((one) => one.sessionId === sessionId),
    );
    if (!prompt) throw new Error('no prompt came');
    prompts.push(prompt);
    controller.abort();
    await Promise.all(
      workers.map((worker) => worker.message('close-session', (one) => one.sessionId === prompt.sessionId)),
    );
    await expect
      .poll(
        async () =>
          ((await (await fetch(`${hub.url}/api/requests/${prompt.sessionId}`)).json()) as { status: string })
            .status,
      )
      .toBe('cancelled');
  }
  expect(hub.generator.load).toEqual({ running: 0, waiting: 0 });
});

test('when a worker dies and none takes over, a stream ends with an error event, and a whole answer with 503', async () => {
  await hub.close();
  await start({ recoveryMs: 100 });
  const worker = hub.worker('one', {
    onPrompt: (one, { sessionId, tokens }) => one.tokens(sessionId, tokens.length, hub.encode('Half')),
  });
  await hub.served();
  const stream = await sendChat({ ...ask, stream: true });
  const whole = sendChat(ask);
  await worker.until(() =>
    worker.received.filter(({ type }) => type === 'prompt').length === 2 ? true : undefined,
  );
  worker.kill();
  const text = await stream.text();
  const last = JSON.parse(
    text
      .trim()
      .split('\n\n')
      .at(-2)
      ?.replace(/^data: /, '') ?? '',
  ) as unknown;
  expect(last).toMatchObject({ error: { type: 'server_error', code: 'worker_lost' } });
  const id = stream.headers.get('x-request-id') ?? '';
  const { body: record } = await api<RequestDetail>(hub, 'GET', `/requests/${id}`);
  const { pauses, lastTokenMs } = record.timeline ?? { pauses: [], lastTokenMs: null };
  expect(pauses.map(({ lost }) => lost)).toEqual([['one']]);
  expect(pauses[0]?.fromMs).toBeCloseTo(lastTokenMs ?? NaN, 3);
  expect(pauses[0]?.toMs).toBeLessThanOrEqual(record.totalMs ?? 0);
  const response = await whole;
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error: { type: 'server_error', code: 'worker_lost' } });
});

test('a request that is cancelled while its answer stands still keeps what it waited for', async () => {
  const worker = hub.worker('one', {
    onPrompt: (one, { sessionId, tokens }) => one.tokens(sessionId, tokens.length, hub.encode('Half')),
  });
  await hub.served();
  const controller = new AbortController();
  const stream = await sendChat({ ...ask, stream: true }, { signal: controller.signal });
  const id = stream.headers.get('x-request-id') ?? '';
  const read = async (): Promise<RequestDetail> =>
    (await api<RequestDetail>(hub, 'GET', `/requests/${id}`)).body;
  await expect.poll(async () => (await read()).completionTokens).toBeGreaterThan(0);
  worker.kill();
  await expect.poll(async () => (await read()).timeline?.pauses).toHaveLength(1);
  controller.abort();
  await expect.poll(async () => (await read()).status).toBe('cancelled');
  expect((await read()).timeline?.pauses).toMatchObject([{ lost: ['one'] }]);
});

test('an answer that is given anew opens a session of its own: stages have seen the request’s id', async () => {
  const worker = hub.worker('one', {
    onPrompt: (one, { sessionId, tokens }) => one.tokens(sessionId, tokens.length, hub.encode('Half')),
  });
  await hub.served();
  const id = randomUUID();
  const opened: string[] = [];
  for (let time = 0; time < 2; time++) {
    const controller = new AbortController();
    const init = { signal: controller.signal, headers: { 'x-potluck-request': id } };
    const stream = await sendChat({ ...ask, stream: true }, init);
    expect(stream.status).toBe(200);
    expect(stream.headers.get('x-request-id')).toBe(id);
    const { sessionId } = await worker.message('open-session', (one) => !opened.includes(one.sessionId));
    opened.push(sessionId);
    controller.abort();
    await worker.message('close-session', (one) => one.sessionId === sessionId);
  }
  expect(opened[0]).toBe(id);
});

test('of two requests with one id that come at once, one is answered, and the other hears why not', async () => {
  hub.worker('one', {
    onPrompt: (one, { sessionId, tokens }) => one.tokens(sessionId, tokens.length, hub.encode('Half')),
  });
  await hub.served();
  const controller = new AbortController();
  const named = { signal: controller.signal, headers: { 'x-potluck-request': randomUUID() } };
  const both = await Promise.all([0, 1].map(() => sendChat({ ...ask, stream: true }, named)));
  const refused = both.find(({ status }) => status !== 200);
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  expect(await refused?.json()).toMatchObject({ error: { code: 'conflict' } });
  controller.abort();
});

test('an answer whose model is undeployed ends with an error that says so', async () => {
  const worker = hub.worker('one', {
    onPrompt: (one, { sessionId, tokens }) => one.tokens(sessionId, tokens.length, hub.encode('Half')),
  });
  await hub.served();
  const answer = sendChat(ask);
  await worker.message('prompt');
  await api(hub, 'DELETE', '/deployments?model=test-model');
  const response = await answer;
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    error: {
      code: 'no_longer_served',
      message: 'test-model was undeployed, so the answer stopped here. Choose another model.',
    },
  });
});

test('a hub that is stopped ends its answers with an error that says so', async () => {
  const worker = hub.worker('one', {
    onPrompt: (one, { sessionId, tokens }) => one.tokens(sessionId, tokens.length, hub.encode('Half')),
  });
  await hub.served();
  const named = { headers: { 'x-potluck-request': randomUUID() } };
  const stream = await sendChat({ ...ask, stream: true }, named);
  await worker.message('prompt');
  // Told to stop, the hub takes no more; the answer under way has some time, here none.
  await hub.generator.drain(1);
  const refused = await sendChat(ask);
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ error: { code: 'hub_stopped' } });
  expect(await (await fetch(`${hub.url}/health/ready`)).json()).toMatchObject({
    status: 'stopping',
    ready: false,
  });
  await hub.generator.stop();
  expect(await stream.text()).toContain('"code":"hub_stopped"');
  // The next run has what there is of the answer: this one says nothing of it.
  for (const init of [{}, named]) {
    const late = await sendChat({ ...ask, stream: true }, init);
    expect(await late.json()).toMatchObject({ error: { code: 'hub_stopped' } });
  }
});

test('answers that have ended are forgotten, with their requests', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  hub.worker('one', answering(hub, 'Paris.'));
  await hub.served();
  const ended: WeakRef<object>[] = [];
  hub.generator.listen({ ended: (generation) => void ended.push(new WeakRef(generation)) });
  const most = 8;
  for (let count = 0; count < most; count++) {
    const response = await sendChat({ ...ask, stream: count % 2 === 0 });
    await response.text();
  }
  await expect.poll(() => ended.length).toBe(most);
  // An open connection has its last request.
  await expect
    .poll(
      () => {
        collect();
        return ended.filter((one) => one.deref() !== undefined).length;
      },
      { timeout: 60_000 },
    )
    .toBeLessThan(most / 2);
});

test('late and repeated tokens are dropped, and tokens of another epoch too', async () => {
  hub.worker('one', {
    onPrompt: (one, { sessionId, tokens: { length } }) => {
      const [a = 0, b = 0] = hub.encode('A B');
      one.tokens(sessionId, length, [a]);
      one.tokens(sessionId, length, [b]);
      one.tokens(sessionId, length + 1, [b], undefined, 77);
      one.tokens(sessionId, length + 1, [b, 2], 'stop');
    },
  });
  await hub.served();
  const answer = await client.chat.completions.create(ask);
  expect(answer.choices[0]?.message.content).toBe('A B'.slice(0, hub.encode('A B').length > 2 ? 2 : 3));
});

test('requests wait for cache room in turn, and beyond the queue they are told to come back', async () => {
  await hub.close();
  await start({ queueLimit: 1 });
  const worker = hub.worker('one', { cacheBytes: 100 * 800 });
  await hub.served();
  const one = { ...ask, max_tokens: 50 };
  const first = sendChat(one);
  const prompt = await worker.message('prompt');
  const second = sendChat(one);
  await expect.poll(() => hub.generator.load).toEqual({ running: 1, waiting: 1 });
  const third = await sendChat(one);
  expect(third.status).toBe(429);
  expect(third.headers.get('retry-after')).toBe('5');
  worker.tokens(prompt.sessionId, prompt.tokens.length, [2], 'stop');
  expect((await first).status).toBe(200);
  const next = await worker.message('prompt', ({ sessionId }) => sessionId !== prompt.sessionId);
  worker.tokens(next.sessionId, next.tokens.length, [2], 'stop');
  expect((await second).status).toBe(200);
});

test('a session that no stage can hold is refused by its length', async () => {
  hub.worker('one', { cacheBytes: 100 * 800 });
  await hub.served();
  expect((await client.models.list()).data).toMatchObject([{ context_length: 100, max_model_len: 100 }]);
  expect((await api(hub, 'GET', '/deployments')).body['deployments']).toMatchObject([
    {
      contextLength: 100,
      contextReason:
        'conversations may have 100 of the model’s 4,096 tokens, since one has no memory for longer ones',
    },
  ]);
  const response = await sendChat({ ...ask, max_tokens: 200 });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    error: {
      code: 'context_length_exceeded',
      message: expect.stringMatching(
        /^This prompt has \d+ tokens, and its answer may have 200\. The devices that serve the model now have room for 100 tokens/,
      ) as string,
    },
  });
});

test('models are listed and found, with and without /v1 and with double slashes', async () => {
  const [listed] = (await client.models.list()).data;
  expect(listed).toMatchObject({
    id: 'test-model',
    object: 'model',
    owned_by: 'potluck',
    context_length: 4096,
  });
  expect((await client.models.retrieve('test-model')).id).toBe('test-model');
  for (const path of ['/models', '//v1//models', '/v1/models/test-model']) {
    expect((await fetch(hub.url + path)).status).toBe(200);
  }
  expect((await fetch(`${hub.url}/v1/models/owner/none`)).status).toBe(404);
});

test('a conversation that can not fit, however it is tokenized, is refused before that', async () => {
  hub.worker('one', answering(hub, 'Hello there'));
  await hub.served();
  const content = 'x'.repeat(3_000_000);
  const asked = client.chat.completions.create({ ...ask, messages: [{ role: 'user', content }] });
  await expect(asked).rejects.toMatchObject({
    status: 400,
    code: 'context_length_exceeded',
    message: expect.stringMatching(/maximum context length is 4096 tokens.*at least \d+ tokens/) as string,
  });
});
