/** `/v1/responses` with the official client and one hub whose model answers what the test says. */
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAnsweringHub, type AnsweringHub } from '../../../testing/answeringHub.ts';
import { testApiKey } from '../../../testing/testHub.ts';
import { elsewhere } from '../../../testing/apiClient.ts';

let hub: AnsweringHub;
let client: OpenAI;

beforeAll(async () => {
  hub = await startAnsweringHub();
  client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: 'any', maxRetries: 0 });
});
afterAll(() => hub.close());

const ask = { model: 'test-model', input: 'Hi' };
const uuidOf = (id: string): string => id.replace(/^resp_(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
/** The prompt of a response, as text. */
const promptOf = async ({ id }: { id: string }): Promise<string> => {
  return hub.deployment.model.tokenizer.decode(await hub.promptOf(uuidOf(id)));
};
const send = (body: object, path = '', method = 'POST'): Promise<Response> =>
  fetch(`${hub.url}/v1/responses${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
  });

const weather = {
  type: 'function',
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  strict: false,
} satisfies OpenAI.Responses.FunctionTool;
const callText = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>';

test.each([
  ['GET', '/compact', 405],
  ['DELETE', '/input_tokens', 405],
  ['GET', '', 426],
])('%s of /v1/responses%s is answered with what to do', async (method, path, status) => {
  const response = await fetch(`${hub.url}/v1/responses${path}`, { method });
  expect(response.status).toBe(status);
  expect(response.headers.get(status === 405 ? 'allow' : 'upgrade')).toBe(
    status === 405 ? 'POST' : 'websocket',
  );
});

test('a response has all that was asked for, its answer, and its usage', async () => {
  hub.answers = ['Hello there'];
  const { data, response } = await client.responses
    .create({ ...ask, instructions: 'Be brief.', metadata: { a: 'b' }, temperature: 0.5, user: 'me' })
    .withResponse();
  expect(data.output_text).toBe('Hello there');
  expect(data).toMatchObject({
    object: 'response',
    status: 'completed',
    instructions: 'Be brief.',
    metadata: { a: 'b' },
    temperature: 0.5,
    top_p: 1,
    user: 'me',
    store: true,
    background: false,
    error: null,
    incomplete_details: null,
    previous_response_id: null,
    tools: [],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    truncation: 'disabled',
    text: { format: { type: 'text' } },
    usage: {
      output_tokens: hub.encode('Hello there').length + 1,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 },
    },
    output: [
      {
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Hello there', annotations: [], logprobs: [] }],
      },
    ],
  });
  expect(data.id).toBe(`resp_${response.headers.get('x-request-id')?.replaceAll('-', '')}`);
  expect(await promptOf(data)).toMatch(/system\nBe brief\.\s+user\nHi\s+assistant/);
  const record = await fetch(`${hub.url}/api/requests/${data.id}`);
  expect(await record.json()).toMatchObject({ status: 'done', id: uuidOf(data.id) });
});

test('the events of a stream come in order, are numbered, and join to the response', async () => {
  hub.answers = ['<think>\nHm.\n</think>\n\nHello there'];
  const response = await send({ ...ask, stream: true });
  const text = await response.text();
  const blocks = text.trim().split('\n\n');
  expect(blocks.pop()).toBe('data: [DONE]');
  const events = blocks.map((block) => {
    const [, name, data] = /^event: (.+)\ndata: (.+)$/.exec(block) ?? [];
    const event = JSON.parse(data ?? '') as OpenAI.Responses.ResponseStreamEvent;
    expect(event.type).toBe(name);
    return event;
  });
  expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
  expect(events[0]).toMatchObject({ response: { usage: null } });
  const types = events.map(({ type }) => type.replace('response.', ''));
  expect(types.filter((type, index) => type !== types[index - 1])).toEqual([
    ...['created', 'in_progress'],
    ...['output_item.added', 'content_part.added', 'reasoning_text.delta', 'reasoning_text.done'],
    ...['content_part.done', 'output_item.done'],
    ...['output_item.added', 'content_part.added', 'output_text.delta', 'output_text.done'],
    ...['content_part.done', 'output_item.done', 'completed'],
  ]);
  const last = events.at(-1);
  const items = events.flatMap((event) => (event.type === 'response.output_item.done' ? [event.item] : []));
  if (last?.type !== 'response.completed') throw new Error('no end');
  expect(last.response.output).toEqual(items);
  expect(items).toMatchObject([
    { type: 'reasoning', content: [{ type: 'reasoning_text', text: '\nHm.\n' }] },
    { type: 'message', content: [{ text: 'Hello there' }] },
  ]);
  const kept = await client.responses.retrieve(last.response.id);
  expect(kept).toMatchObject({ ...last.response });
});

test('the official client puts a stream together, with calls of tools', async () => {
  hub.answers = [`Let me see.\n${callText}`];
  const stream = client.responses.stream({ ...ask, tools: [weather] });
  const deltas: string[] = [];
  stream.on('response.function_call_arguments.delta', ({ delta }) => deltas.push(delta));
  const whole = await stream.finalResponse();
  expect(deltas.join('')).toBe('{"city":"Rome"}');
  expect(whole.output).toMatchObject([
    { type: 'message', content: [{ text: 'Let me see.' }] },
    { type: 'function_call', name: 'get_weather', arguments: '{"city":"Rome"}', status: 'completed' },
  ]);
  expect(whole.tools).toMatchObject([weather]);
});

test('a program runs the tool and goes on with the response before', async () => {
  hub.answers = [callText, 'It is 20 degrees.', 'You are welcome.'];
  const first = await client.responses.create({ ...ask, tools: [weather], instructions: 'Be brief.' });
  const [call] = first.output;
  if (call?.type !== 'function_call') throw new Error('no call');
  const second = await client.responses.create({
    model: 'test-model',
    previous_response_id: first.id,
    tools: [weather],
    input: [{ type: 'function_call_output', call_id: call.call_id, output: '20' }],
  });
  expect(second.output_text).toBe('It is 20 degrees.');
  const third = await client.responses.create({
    model: 'test-model',
    previous_response_id: second.id,
    input: 'Thanks',
  });
  const prompt = await promptOf(third);
  // Instructions are those of the request alone.
  expect(prompt).not.toContain('Be brief.');
  expect(prompt).toMatch(
    /user\nHi\s.*"name": "get_weather", "arguments": \{"city": "Rome"\}.*<tool_response>\n20\n<\/tool_response>.*It is 20 degrees\.\s+user\nThanks/s,
  );
});

test('items may be named by their ids, and whoever keeps everything itself sends them whole', async () => {
  hub.answers = ['<think>\nHm.\n</think>\n\nFine.', 'Bye.', 'Well.'];
  const include = ['reasoning.encrypted_content'] as const;
  const first = await client.responses.create({ ...ask, include: [...include] });
  const ids = first.output.map((item) => ({ type: 'item_reference' as const, id: item.id ?? '' }));
  const input = [
    { role: 'user' as const, content: 'Hi' },
    ...ids,
    { role: 'user' as const, content: 'More' },
  ];
  const second = await client.responses.create({ model: 'test-model', input });
  expect(await promptOf(second)).toMatch(/user\nHi\s.*Fine\.\s.*user\nMore/s);
  const { data } = await client.responses.inputItems.list(second.id, { order: 'asc', limit: 3 });
  expect(data.map((item) => item.id)).toEqual([
    expect.stringMatching(/^msg_\w+_in0$/),
    ...ids.map(({ id }) => id),
  ]);
  const [reasoning] = first.output;
  const sent = { ...(reasoning as OpenAI.Responses.ResponseReasoningItem), content: [], summary: [] };
  const third = await client.responses.create({
    model: 'test-model',
    store: false,
    input: [
      { role: 'user', content: 'Hi' },
      sent,
      { role: 'assistant', content: 'Fine.' },
      { role: 'user', content: 'And?' },
    ],
  });
  expect(await promptOf(third)).toMatch(/Fine\.\s.*user\nAnd\?/s);
  await expect(client.responses.retrieve(third.id)).rejects.toMatchObject({ status: 404 });
  const lost = client.responses.create({
    model: 'test-model',
    input: [{ type: 'item_reference', id: 'msg_x' }],
  });
  await expect(lost).rejects.toMatchObject({ status: 400, param: 'input[0].id', code: 'item_not_found' });
});

test('a response is its owner’s alone, and gone once it was deleted', async () => {
  hub.answers = ['Mine.'];
  const { id } = await client.responses.create(ask);
  const other = await hub.access.keys.create({ name: 'other', scopes: ['ask'], limits: {}, expiresAt: null });
  const headers = { ...elsewhere, authorization: `Bearer ${other.secret}` };
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/cancel'],
    ['GET', '/input_items'],
  ] as const) {
    const answer = await fetch(`${hub.url}/v1/responses/${id}${path}`, { method, headers });
    expect([method, path, answer.status]).toEqual([method, path, 404]);
  }
  const asked = await fetch(`${hub.url}/v1/responses`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ ...ask, previous_response_id: id }),
  });
  expect(await asked.json()).toMatchObject({
    error: { code: 'previous_response_not_found', param: 'previous_response_id' },
  });
  expect((await client.responses.delete(id)) as unknown).toMatchObject({ id, deleted: true });
  await expect(client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
  expect((await fetch(`${hub.url}/v1/responses/x`, { headers: elsewhere })).status).toBe(401);
  expect(testApiKey).not.toBe(other.secret);
});

test('in the background an answer goes on by itself, is followed, and its events are the same later', async () => {
  hub.answers = ['Hello there'];
  const begun = await client.responses.create({ ...ask, background: true });
  expect(begun.status).toBe('queued');
  const read = async (path: string): Promise<string[]> =>
    (await (await send({}, `/${begun.id}${path}`, 'GET')).text()).trim().split('\n\n');
  const live = await read('?stream=true');
  const later = await read('?stream=true');
  expect(later).toEqual(live);
  expect(live.at(-2)).toContain('event: response.completed');
  const rest = await read('?stream=true&starting_after=3');
  expect(rest).toEqual(live.slice(4));
  expect(await client.responses.retrieve(begun.id)).toMatchObject({
    status: 'completed',
    output_text: 'Hello there',
  });
});

test('what runs in the background can be cancelled, and anything else can’t', async () => {
  [hub.holds, hub.answers] = [true, ['Hello there']];
  const begun = await client.responses.create({ ...ask, background: true, stream: true });
  let id = '';
  let text = '';
  const types: string[] = [];
  for await (const event of begun) {
    types.push(event.type);
    if (event.type === 'response.created') id = event.response.id;
    if (event.type === 'response.output_text.delta') text += event.delta;
    if (event.type === 'response.output_text.delta' && text === 'Hello') {
      expect(await client.responses.retrieve(id)).toMatchObject({ status: 'in_progress' });
      void client.responses.cancel(id);
    }
    if (text === 'Hello there') void client.responses.cancel(id);
  }
  hub.holds = false;
  expect(types.slice(0, 3)).toEqual(['response.created', 'response.queued', 'response.in_progress']);
  expect(await client.responses.retrieve(id)).toMatchObject({ status: 'cancelled' });
  expect(await client.responses.cancel(id)).toMatchObject({ status: 'cancelled' });
  const plain = await client.responses.create(ask);
  await expect(client.responses.cancel(plain.id)).rejects.toMatchObject({ status: 400 });
  await expect(client.responses.retrieve(plain.id, { stream: true })).rejects.toMatchObject({
    status: 400,
    param: 'stream',
  });
});

test('an answer that was cut says so', async () => {
  hub.answers = ['Hello there'];
  const cut = hub.encode('Hello there').slice(0, 2);
  const onPrompt = hub.answerer.init.onPrompt;
  hub.answerer.init.onPrompt = (one, { sessionId, tokens }) =>
    one.tokens(sessionId, tokens.length, cut, 'length');
  const response = await client.responses.create({ ...ask, max_output_tokens: 2 });
  hub.answerer.init.onPrompt = onPrompt as NonNullable<typeof onPrompt>;
  expect(response).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    output: [{ status: 'incomplete' }],
    max_output_tokens: 2,
  });
});

test('log probabilities, summaries of thoughts, and one call at a time', async () => {
  hub.answers = ['Hello there'];
  const logprobs = await client.responses.create({
    ...ask,
    top_logprobs: 1,
    include: ['message.output_text.logprobs'],
  });
  const [message] = logprobs.output;
  const [part] = message?.type === 'message' ? message.content : [];
  const tokens = part?.type === 'output_text' ? (part.logprobs ?? []) : [];
  expect(tokens.map(({ token }) => token).join('')).toBe('Hello there');
  hub.answers = ['<think>\nHm.\n</think>\n\nFine.'];
  const stream = client.responses.stream({ ...ask, reasoning: { effort: 'low', summary: 'auto' } });
  let summary = '';
  stream.on('response.reasoning_summary_text.delta', ({ delta }) => (summary += delta));
  const whole = await stream.finalResponse();
  expect(summary).toBe('\nHm.\n');
  expect(whole.output[0]).toMatchObject({ summary: [{ type: 'summary_text', text: '\nHm.\n' }] });
  expect(whole.usage?.output_tokens_details.reasoning_tokens).toBeGreaterThan(0);
  hub.answers = [callText + callText];
  const one = await client.responses.create({ ...ask, tools: [weather], parallel_tool_calls: false });
  expect(one.output).toHaveLength(1);
});

test('what Codex offers beside its functions is left out, told, and refused where it is all there is', async () => {
  hub.answers = [
    '<tool_call>\n{"name": "note", "arguments": {"input": "a b"}}\n</tool_call>',
    '<tool_call>\n{"name": "files.read", "arguments": {"path": "x"}}\n</tool_call>',
  ];
  const patch = {
    ...{ type: 'custom', name: 'apply_patch' },
    format: { type: 'grammar', syntax: 'regex', definition: '[a-z]+' },
  };
  const others = [{ type: 'web_search', external_web_access: false }, { type: 'local_shell' }];
  const files = { type: 'namespace', name: 'files', description: '', tools: [{ ...weather, name: 'read' }] };
  const body = {
    ...ask,
    ...{ tool_choice: 'auto', parallel_tool_calls: false, store: false, prompt_cache_key: 'thread' },
    include: ['reasoning.encrypted_content'],
    reasoning: { effort: 'medium', summary: 'auto' },
    client_metadata: { installation: 'x' },
  };
  const tools = [weather, { type: 'custom', name: 'note', description: 'Notes it' }, files, patch, ...others];
  const response = await send({ ...body, tools });
  expect(response.headers.get('x-potluck-tools-left-out')).toBe('web_search, local_shell');
  const { output, tools: told } = (await response.json()) as OpenAI.Responses.Response;
  expect(told.map(({ type }) => type)).toEqual(['function', 'custom', 'namespace', 'custom']);
  expect(output).toMatchObject([{ type: 'custom_tool_call', name: 'note', input: 'a b' }]);
  const [call] = output as [OpenAI.Responses.ResponseCustomToolCall];
  const history = [
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
    { type: 'reasoning', summary: [], content: null, encrypted_content: null },
    call,
    { type: 'custom_tool_call_output', call_id: call.call_id, output: 'noted' },
  ];
  const next = await send({ ...body, tools, input: history });
  const { output: named } = (await next.json()) as OpenAI.Responses.Response;
  expect(named).toMatchObject([{ type: 'function_call', name: 'read', namespace: 'files' }]);
  const refused = await send({ ...body, tools: others });
  expect(await refused.json()).toMatchObject({
    error: { param: 'tools[0].type', code: 'unsupported_parameter' },
  });
});

test('of the offered tools those are shown that may be called', async () => {
  hub.answers = ['Hello'];
  const other = { ...weather, name: 'get_time', description: 'What time it is' };
  const choice = {
    type: 'allowed_tools' as const,
    mode: 'auto' as const,
    tools: [{ type: 'function', name: 'get_time' }],
  };
  const some = await client.responses.create({ ...ask, tools: [weather, other], tool_choice: choice });
  expect(await promptOf(some)).toContain('What time it is');
  expect(await promptOf(some)).not.toContain('Weather of a city');
  const none = await client.responses.create({ ...ask, tools: [weather], tool_choice: 'none' });
  expect(await promptOf(none)).not.toContain('Weather of a city');
});

test('a conversation that is too long is refused, or its beginning is left out where that is asked for', async () => {
  hub.answers = ['Hello'];
  const long = Array.from({ length: 6 }, (_, index) => ({
    role: 'user' as const,
    content: `${index}: ${'word '.repeat(1200)}`,
  }));
  const asked = client.responses.create({ ...ask, input: long, instructions: 'Be brief.' });
  await expect(asked).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded', param: 'input' });
  const cut = await client.responses.create({
    ...ask,
    input: long,
    instructions: 'Be brief.',
    truncation: 'auto',
  });
  const prompt = await promptOf(cut);
  expect(prompt).toContain('Be brief.');
  expect(prompt).toContain('5: word');
  expect(prompt).not.toContain('0: word');
});

test('a conversation is told in short, and goes on with that', async () => {
  hub.answers = ['They greeted each other.', 'Fine.'];
  const compacted = await client.responses.compact({
    model: 'test-model',
    input: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
    ],
  });
  expect(compacted).toMatchObject({
    object: 'response.compaction',
    output: [
      { role: 'user', content: [{ type: 'input_text', text: 'Hi' }], status: 'completed' },
      { type: 'compaction' },
    ],
    usage: { output_tokens: hub.encode('They greeted each other.').length + 1 },
  });
  const next = await client.responses.create({
    model: 'test-model',
    input: [...(compacted.output as OpenAI.Responses.ResponseInput), { role: 'user', content: 'And?' }],
  });
  expect(await promptOf(next)).toMatch(/user\nHi\s.*They greeted each other\.\s.*user\nAnd\?/s);
  const unnamed = client.responses.compact({ input: 'Hi' } as OpenAI.Responses.ResponseCompactParams);
  await expect(unnamed).rejects.toMatchObject({ status: 400, param: 'model' });
});

test.each<[object, string, string]>([
  [{ conversation: 'conv_1' }, 'conversation', 'unsupported_parameter'],
  [{ input: [{ type: 'function_call_output', call_id: 'x', output: '' }] }, 'input', 'invalid_value'],
  [{ prompt: { id: 'pmpt_1' } }, 'prompt', 'unsupported_parameter'],
  [{ context_management: [{ type: 'compaction' }] }, 'context_management', 'unsupported_parameter'],
  [{ text: { format: { type: 'tag' } } }, 'text.format.type', 'invalid_value'],
  [{ text: { format: { type: 'json_schema', name: 'x' } } }, 'text.format.schema', 'invalid_value'],
  [
    { text: { format: { type: 'json_schema', name: 'x', schema: { not: {} } } } },
    'text.format.schema.not',
    'invalid_value',
  ],
  [{ text: { verbosity: 'low' } }, 'text.verbosity', 'unsupported_parameter'],
  [{ max_tokens: 5 }, 'max_tokens', 'unsupported_parameter'],
  [{ service_tier: 'flex' }, 'service_tier', 'unsupported_parameter'],
  [{ tools: [weather], tool_choice: 'sometimes' }, 'tool_choice', 'unsupported_parameter'],
  [{ tool_choice: 'required' }, 'tool_choice', 'invalid_value'],
  [{ tools: [weather], tool_choice: { type: 'function', name: 'f' } }, 'tool_choice', 'invalid_value'],
  [
    { tools: [{ type: 'web_search' }, { ...weather, strict: true, parameters: { not: {} } }] },
    'tools[1].parameters.not',
    'invalid_value',
  ],
  [{ tools: [{ ...weather, name: 'a b' }] }, 'tools[0].name', 'invalid_value'],
  [{ tools: [weather, weather] }, 'tools[1].name', 'invalid_value'],
  [{ background: true, store: false }, 'background', 'invalid_value'],
  [{ include: ['everything'] }, 'include[0]', 'invalid_value'],
  [{ input: undefined }, 'input', 'invalid_value'],
  [{ input: 5 }, 'input', 'invalid_value'],
  [{ input: [5] }, 'input[0]', 'invalid_type'],
  [{ input: [{ type: 'mcp_call', id: 'x' }] }, 'input[0].type', 'invalid_value'],
  [
    { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }] },
    'input[0].content',
    'invalid_value',
  ],
  [{ metadata: { a: 5 } }, 'metadata.a', 'invalid_type'],
  [{ reasoning: { effort: 'silly' } }, 'reasoning.effort', 'invalid_value'],
  [{ user: 5 }, 'user', 'invalid_type'],
  [{ previous_response_id: 'resp_nothing' }, 'previous_response_id', 'previous_response_not_found'],
])('%j is refused with the name of the parameter', async (change, param, code) => {
  const response = await send({ ...ask, ...change });
  expect(await response.json()).toEqual({
    error: { message: expect.any(String) as string, type: 'invalid_request_error', param, code },
  });
  expect(response.status).toBe(400);
});

test('the official client counts what a prompt would have', async () => {
  const { input_tokens: short } = await client.responses.inputTokens.count(ask);
  const more = { ...ask, instructions: 'Answer in one word.' };
  const { input_tokens: longer } = await client.responses.inputTokens.count(more);
  expect(short).toBeGreaterThan(0);
  expect(longer).toBeGreaterThan(short);
  expect((await client.responses.create(more)).usage?.input_tokens).toBe(longer);
});
