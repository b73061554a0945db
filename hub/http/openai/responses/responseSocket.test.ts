/** `/v1/responses` over a web socket, with the official client. */
import { once } from 'node:events';
import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { elsewhere } from '../../../testing/apiClient.ts';
import { startAnsweringHub, type AnsweringHub } from '../../../testing/answeringHub.ts';

let hub: AnsweringHub;

beforeAll(async () => {
  hub = await startAnsweringHub();
  hub.answers = ['Hello there'];
});
afterAll(() => hub.close());

const opened = async (headers = {}): Promise<WebSocket> => {
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/v1/responses`, { headers });
  await once(socket, 'open');
  return socket;
};
type Message = Record<string, unknown> & { type: string; response?: { id: string } };
const messagesUntil = (socket: WebSocket, isLast: (message: Message) => boolean): Promise<Message[]> =>
  new Promise((resolve) => {
    const messages: Message[] = [];
    socket.on('message', function read(data: Buffer) {
      messages.push(JSON.parse(data.toString()) as Message);
      if (!isLast(messages.at(-1) as Message)) return;
      socket.off('message', read);
      resolve(messages);
    });
  });
const isEnd = ({ type }: Message): boolean => /^(response\.(completed|failed|incomplete)|error)$/.test(type);

test('the official client asks, and goes on with an answer that was not kept', async () => {
  const client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: 'any' });
  const socket = new ResponsesWS(client);
  const ask = (fields: object): Promise<OpenAI.Responses.Response> =>
    new Promise((resolve, reject) => {
      socket.on('response.completed', ({ response }) => resolve(response));
      socket.on('error', reject);
      socket.send({ type: 'response.create', model: 'test-model', store: false, ...fields });
    });
  const first = await ask({ input: 'Hi' });
  expect(first).toMatchObject({ status: 'completed', output: [{ content: [{ text: 'Hello there' }] }] });
  const before = hub.answerer.received.length;
  await ask({ input: 'More', previous_response_id: first.id });
  const prompt = hub.answerer.received.slice(before).find(({ type }) => type === 'prompt');
  const { tokens } = prompt as { tokens: number[] };
  expect(hub.deployment.model.tokenizer.decode(tokens)).toMatch(/user\nHi\s.*Hello there\s.*user\nMore/s);
  socket.close();
});

test('what is wrong is told, and the connection goes on', async () => {
  const socket = await opened();
  for (const [sent, error] of [
    ['{', { code: 'invalid_json' }],
    ['5', { code: 'invalid_type' }],
    ['{"type":"response.steer"}', { param: 'type' }],
    ['{"type":"response.create","input":"Hi","background":true}', { param: 'background' }],
    ['{"type":"response.create","input":"Hi","generate":false}', { param: 'generate' }],
    ['{"type":"response.create","input":"Hi","model":"nobody"}', { code: 'model_not_found', param: 'model' }],
  ] as const) {
    const answer = messagesUntil(socket, isEnd);
    socket.send(sent);
    expect(await answer).toMatchObject([{ type: 'error', error }]);
  }
  const refused = () => hub.database.requests.list({ status: 'refused', model: 'nobody' }, 9);
  await expect.poll(refused).toMatchObject([{ errorCode: 'model_not_found' }]);
  const answers = messagesUntil(socket, isEnd);
  socket.send('{"type":"response.create","input":"Hi"}');
  expect((await answers).at(-1)?.type).toBe('response.completed');
  socket.close();
});

test.each([
  ['binary', Buffer.from('{"type":"response.create","input":"Hi"}'), 400, /must be text/, 1003],
  ['long', '['.repeat(4 * 1024 * 1024 + 1), 413, /more than 4194304 characters/, 1009],
])(
  'a %s message is told what is wrong with it before the connection closes',
  async (_, sent, status, words, code) => {
    const socket = await opened();
    const closed = once(socket, 'close') as Promise<[number]>;
    const told = messagesUntil(socket, isEnd);
    socket.send(sent);
    expect(await told).toMatchObject([
      { type: 'error', status, error: { message: expect.stringMatching(words) as string } },
    ]);
    expect((await closed)[0]).toBe(code);
  },
);

test('a request is as long as a body may be', async () => {
  const socket = await opened();
  const answers = messagesUntil(socket, isEnd);
  const metadata = Object.fromEntries(
    Array.from({ length: 400 }, (_, index) => [`x${index}`, 'y'.repeat(500)]),
  );
  socket.send(JSON.stringify({ type: 'response.create', input: 'Hi', unknown: metadata }));
  expect((await answers).at(-1)?.type).toBe('response.completed');
  socket.close();
});

test('what could not be gone on with is forgotten', async () => {
  const socket = await opened();
  const ask = async (more: object): Promise<Message | undefined> => {
    const answers = messagesUntil(socket, isEnd);
    socket.send(JSON.stringify({ type: 'response.create', store: false, input: 'Hi', ...more }));
    return (await answers).at(-1);
  };
  const first = await ask({});
  const { id } = first?.response ?? {};
  const stray = { type: 'function_call_output', call_id: 'x', output: '' };
  expect(await ask({ previous_response_id: id, input: [stray] })).toMatchObject({ type: 'error' });
  expect(await ask({ previous_response_id: id })).toMatchObject({
    error: { code: 'previous_response_not_found' },
  });
  socket.close();
});

test('an answer ends with its connection', async () => {
  hub.holds = true;
  const socket = await opened();
  const begun = messagesUntil(socket, ({ type }) => type === 'response.output_text.delta');
  socket.send('{"type":"response.create","input":"Hi"}');
  await begun;
  socket.close();
  await expect.poll(() => hub.generator.load).toEqual({ running: 0, waiting: 0 });
  hub.holds = false;
});

test('who may not ask gets no connection, and who opens none is told what to do', async () => {
  const refused = new WebSocket(`${hub.url.replace('http', 'ws')}/v1/responses`, { headers: elsewhere });
  const [, response] = (await once(refused, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(401);
  refused.on('error', () => undefined);
  refused.terminate();
  const plain = await fetch(`${hub.url}/v1/responses`);
  expect([plain.status, await plain.json()]).toMatchObject([426, { error: { code: 'upgrade_required' } }]);
});
