/** Anthropic's API, with its real client and one hub whose model answers what the test says. */
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAnsweringHub, type AnsweringHub } from '../../testing/answeringHub.ts';
import { answering, startTestHub, testApiKey, type TestHub } from '../../testing/testHub.ts';
import { elsewhere } from '../../testing/apiClient.ts';

let hub: AnsweringHub;
let client: Anthropic;

beforeAll(async () => {
  hub = await startAnsweringHub();
  client = new Anthropic({ baseURL: hub.url, apiKey: 'any', maxRetries: 0 });
});
afterAll(() => hub.close());

const weather = {
  name: 'get_weather',
  description: 'Weather of a city',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
} satisfies Anthropic.Tool;
const callText = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>';
const model = 'test-model';
const ask = { model, max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hi' }] };
const encode = (...messages: Parameters<TestHub['deployment']['model']['tokenizer']['encodeChat']>) =>
  hub.deployment.model.tokenizer.encodeChat(...messages);
const send = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${hub.url}/v1/messages${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
    body: JSON.stringify(body),
  });

test('a whole answer has every field of the type, its usage and its request', async () => {
  hub.answers = ['Hello there'];
  const { data, response } = await client.messages.create(ask).withResponse();
  expect(data).toEqual({
    id: `msg_${response.headers.get('request-id')}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: 'Hello there', citations: null }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: {
      input_tokens: hub.lastPrompt().length,
      output_tokens: hub.encode('Hello there').length + 1,
      output_tokens_details: { thinking_tokens: 0 },
      cache_creation: null,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      inference_geo: null,
      server_tool_use: null,
      service_tier: 'standard',
      speed: null,
    },
  });
  expect(hub.lastPrompt()).toEqual(await encode([{ role: 'user', content: 'Hi' }]));
  expect(response.headers.get('x-potluck-route')).toBe('one[0-7]');
});

test('a stream has the events of the API in their order, and the client puts the answer together', async () => {
  hub.answers = [`<think>\nHm.\n</think>\n\nLet me see.\n${callText}`];
  const stream = client.messages.stream({ ...ask, tools: [weather] });
  const types: string[] = [];
  let promptTokens = 0;
  for await (const event of stream) {
    types.push('index' in event ? `${event.type} ${event.index}` : event.type);
    if (event.type === 'message_start') promptTokens = event.message.usage.input_tokens;
  }
  expect(promptTokens).toBe(hub.lastPrompt().length);
  expect(types.filter((type, index) => type !== types[index - 1])).toEqual([
    'message_start',
    ...[0, 1, 2].flatMap((index) => [
      `content_block_start ${index}`,
      `content_block_delta ${index}`,
      `content_block_stop ${index}`,
    ]),
    'message_delta',
    'message_stop',
  ]);
  const message = await stream.finalMessage();
  const id = message.id.slice('msg_'.length);
  expect(message.content).toEqual([
    { type: 'thinking', thinking: '\nHm.\n', signature: id },
    { type: 'text', text: 'Let me see.', citations: null },
    {
      type: 'tool_use',
      id: expect.stringMatching(/^\w{9}$/) as string,
      name: 'get_weather',
      input: { city: 'Rome' },
      caller: { type: 'direct' },
    },
  ]);
  expect(message.stop_reason).toBe('tool_use');
  expect(message.usage.output_tokens_details?.thinking_tokens).toBeGreaterThan(0);
});

test('a stream begins with a ping, and each event has its name', async () => {
  hub.answers = ['Hi'];
  const text = await (await send('', { ...ask, stream: true })).text();
  const [start = '', ping, ...rest] = text.split('\n\n');
  expect(start).toMatch(/^event: message_start\ndata: \{"type":"message_start"/);
  expect(ping).toBe('event: ping\ndata: {"type":"ping"}');
  for (const event of rest.slice(0, -1)) {
    const [, name, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
    expect(JSON.parse(data)).toMatchObject({ type: name });
  }
});

test('an agent calls a tool and sends call, thoughts and result again', async () => {
  hub.answers = [`<think>\nHm.\n</think>\n\n${callText}`, 'It is 20 degrees.'];
  const first = await client.messages.create({ ...ask, tools: [weather], system: 'Be brief.' });
  const [, call] = first.content;
  if (call?.type !== 'tool_use') throw new Error('no call');
  const second = await client.messages.create({
    ...ask,
    tools: [weather],
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
    messages: [
      ...ask.messages,
      { role: 'assistant', content: first.content },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: call.id, content: [{ type: 'text', text: '20' }] },
          { type: 'text', text: 'And?', cache_control: { type: 'ephemeral' } },
        ],
      },
    ],
  });
  expect(second.content).toMatchObject([{ type: 'text', text: 'It is 20 degrees.' }]);
  expect(hub.lastPrompt()).toEqual(
    await encode(
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: '',
          reasoning_content: '\nHm.\n',
          tool_calls: [
            {
              type: 'function',
              id: call.id,
              function: { name: 'get_weather', arguments: { city: 'Rome' } },
            },
          ],
        },
        { role: 'tool', content: '20', tool_call_id: call.id, name: 'get_weather' },
        { role: 'user', content: 'And?' },
      ],
      {
        tools: [
          {
            type: 'function',
            function: {
              name: 'get_weather',
              description: 'Weather of a city',
              parameters: weather.input_schema,
            },
          },
        ],
      },
    ),
  );
});

test('stop sequences are told, and an answer that is cut says why', async () => {
  hub.answers = ['One. Two. Three.'];
  const stopped = await client.messages.create({ ...ask, stop_sequences: ['xyz', ' Two'] });
  expect(stopped).toMatchObject({
    content: [{ text: 'One.' }],
    stop_reason: 'stop_sequence',
    stop_sequence: ' Two',
  });
  const cut = await client.messages.create({ ...ask, max_tokens: 2 });
  expect(cut).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 2 } });
});

test('a schema holds the answer', async () => {
  hub.answers = ['{"city": "Rome"}'];
  const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const answer = await client.messages.create({
    ...ask,
    output_config: { format: { type: 'json_schema', schema } },
  });
  expect(answer.content).toMatchObject([{ text: '{"city": "Rome"}' }]);
  const { constraint } = hub.lastOpened() ?? {};
  expect(constraint).toMatchObject({
    kind: 'json-schema',
    text: expect.stringContaining('"city"') as string,
  });
});

test('a last message of the assistant goes on', async () => {
  hub.answers = [' 4'];
  const messages: Anthropic.MessageParam[] = [...ask.messages, { role: 'assistant', content: '2 + 2 =' }];
  const answer = await client.messages.create({ ...ask, messages });
  expect(answer.content).toMatchObject([{ text: ' 4' }]);
  const { tokenizer } = hub.deployment.model;
  expect(tokenizer.decode(hub.lastPrompt())).toMatch(/2 \+ 2 =$/);
});

test('what a coding agent sends passes, and its bill is no part of the prompt', async () => {
  hub.answers = ['Done.'];
  const cached = { cache_control: { type: 'ephemeral', ttl: '1h' } };
  const response = await send(
    '?beta=true',
    {
      model,
      max_tokens: 32_000,
      stream: true,
      temperature: 1,
      thinking: { type: 'enabled', budget_tokens: 31_999 },
      metadata: { user_id: 'user_1_account__session_2' },
      context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
      output_config: { effort: 'medium' },
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: cc_version=2; cch=1f0;' },
        { type: 'text', text: 'You are an agent.', ...cached },
        { type: 'text', text: 'Be brief.', ...cached },
      ],
      tools: [{ ...weather, ...cached, eager_input_streaming: true }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: '<system-reminder>Today</system-reminder>' },
            { type: 'text', text: 'Hi', ...cached },
          ],
        },
      ],
    },
    {
      'x-api-key': testApiKey,
      'anthropic-beta': 'claude-code-20250219,interleaved-thinking-2025-05-14',
      ...elsewhere,
    },
  );
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('event: message_stop');
  expect(hub.deployment.model.tokenizer.decode(hub.lastPrompt())).not.toContain('cc_version');
  const counted = await client.messages.countTokens({ ...ask, system: 'Be brief.', tools: [weather] });
  expect(counted.input_tokens).toBeGreaterThan((await encode([{ role: 'user', content: 'Hi' }])).length);
});

test('tokens are counted as the same request would use them, without any device', async () => {
  const body = { ...ask, system: 'Be brief.', tools: [weather] };
  const { input_tokens: counted } = await client.messages.countTokens({
    model,
    messages: body.messages,
    system: body.system,
    tools: body.tools,
  });
  hub.answers = ['Hello'];
  expect((await client.messages.create(body)).usage.input_tokens).toBe(counted);
});

test.each<[object, string, string]>([
  [{ max_tokens: undefined }, 'invalid_request_error', 'max_tokens'],
  [{ max_tokens: 0 }, 'invalid_request_error', 'max_tokens'],
  [{ messages: [] }, 'invalid_request_error', 'messages'],
  [{ messages: [{ role: 'bot', content: '' }] }, 'invalid_request_error', 'messages[0].role'],
  [
    { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url', url: '' } }] }] },
    'invalid_request_error',
    "'messages[0].content[0].type'",
  ],
  [
    {
      messages: [
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'image' }] }] },
      ],
    },
    'invalid_request_error',
    "'messages[0].content[0].content[0].type'",
  ],
  [
    { messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: '20' }] }] },
    'invalid_request_error',
    "'messages[0].content': unexpected 'tool_use_id'",
  ],
  [
    { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
    'invalid_request_error',
    "'tools[0].type'",
  ],
  [{ tool_choice: { type: 'any' } }, 'invalid_request_error', 'tool_choice'],
  [
    {
      tools: [{ name: 'f', input_schema: { type: 'object', properties: { a: { not: {} } } } }],
      tool_choice: { type: 'any' },
    },
    'invalid_request_error',
    "'tools[0].input_schema.properties.a.not'",
  ],
  [{ thinking: { type: 'deeply' } }, 'invalid_request_error', 'thinking.type'],
  [{ mcp_servers: [{ name: 'a' }] }, 'invalid_request_error', 'mcp_servers'],
  [{ container: 'a' }, 'invalid_request_error', 'container'],
  [
    { output_config: { format: { type: 'json_schema', schema: 5 } } },
    'invalid_request_error',
    'output_config.format.schema',
  ],
  [
    { output_config: { format: { type: 'json_schema', schema: { type: 'nothing' } } } },
    'invalid_request_error',
    'output_config.format.schema',
  ],
  [{ response_format: { type: 'json_object' } }, 'invalid_request_error', 'response_format'],
  [{ model: 'claude-haiku-4-5' }, 'not_found_error', "'claude-haiku-4-5'"],
])('%j is refused in the shape of the API', async (more, type, words) => {
  const response = await send('', { ...ask, ...more });
  expect(response.status).toBe(type === 'not_found_error' ? 404 : 400);
  const body = (await response.json()) as Anthropic.ErrorResponse;
  expect(body).toEqual({
    type: 'error',
    error: { type, message: expect.stringContaining(words) as string },
    request_id: response.headers.get('request-id'),
  });
  expect(response.headers.get('x-request-id')).toBe(body.request_id);
});

test('a prompt that is too long is refused in the words by which clients know that', async () => {
  const messages = [{ role: 'user', content: 'word '.repeat(20_000) }];
  const response = await send('', { ...ask, messages });
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { error: { message: expect.stringContaining('prompt is too long: ') as string } },
  ]);
});

test('who shows no key elsewhere, takes another method or sends no JSON hears so in the same shape', async () => {
  const unknown = await send('', ask, { ...elsewhere, 'x-api-key': 'wrong' });
  expect([unknown.status, await unknown.json()]).toMatchObject([
    401,
    { error: { type: 'authentication_error' } },
  ]);
  const wrong = await fetch(`${hub.url}/v1/messages`);
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
  expect(await wrong.json()).toMatchObject({ type: 'error' });
  const broken = await fetch(`${hub.url}/v1/messages`, { method: 'POST', body: '{"a": b}' });
  expect(await broken.json()).toMatchObject({
    error: { message: expect.stringContaining('line 1') as string },
  });
  const official = client.messages.create({ ...ask, model: 'claude-haiku-4-5' });
  await expect(official).rejects.toBeInstanceOf(Anthropic.NotFoundError);
});

test('models have the shape of the API for its clients, page by page, and only for them', async () => {
  const list = await client.models.list();
  expect(list.data).toMatchObject([{ id: model, type: 'model', display_name: model, lifecycle: 'active' }]);
  expect(list.hasNextPage()).toBe(false);
  expect((await client.models.retrieve(model)).max_input_tokens).toBe(4096);
  await expect(client.models.retrieve('none')).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  expect(await (await fetch(`${hub.url}/v1/models`)).json()).toMatchObject({ object: 'list' });
});

test('a limit beyond the room of the devices is lowered to it, and a lost device is an event that the client throws', async () => {
  const small = await startTestHub({ recoveryMs: 50 });
  try {
    const one = small.worker('one', { cacheBytes: 800 * 1000, ...answering(small, 'Hello') });
    await small.served();
    const asked = new Anthropic({ baseURL: `${small.url}/v1`, apiKey: 'any', maxRetries: 0 });
    await asked.messages.stream({ ...ask, max_tokens: 64_000 }).finalMessage();
    const { lengthLimit } = await one.message('open-session');
    expect(lengthLimit).toBeGreaterThan(500);
    expect(lengthLimit).toBeLessThanOrEqual(1000);
    one.init.onPrompt = () => one.kill();
    const failed = asked.messages.stream({ ...ask }).finalMessage();
    await expect(failed).rejects.toMatchObject({
      error: { type: 'error', error: { type: 'overloaded_error' } },
    });
  } finally {
    await small.close();
  }
});
