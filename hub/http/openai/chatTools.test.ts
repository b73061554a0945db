/** Thoughts and calls of tools in chat, with real clients and one hub whose model answers what the test says. */
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAnsweringHub, type AnsweringHub } from '../../testing/answeringHub.ts';

let hub: AnsweringHub;
let client: OpenAI;

beforeAll(async () => {
  hub = await startAnsweringHub();
  client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: 'any', maxRetries: 0 });
});
afterAll(() => hub.close());

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
} satisfies OpenAI.ChatCompletionTool;
const ask = { model: 'test-model', messages: [{ role: 'user' as const, content: 'Hi' }] };
const callText = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>';
const thinking = '<think>\nHm.\n</think>\n\nHello there';

test('a call comes whole, with its reason, and the template shows the tools', async () => {
  hub.answers = [`Let me see.\n${callText}`];
  const answer = await client.chat.completions.create({ ...ask, tools: [weather] });
  expect(answer.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: {
      content: 'Let me see.',
      tool_calls: [
        {
          id: expect.stringMatching(/^\w{9}$/) as string,
          type: 'function',
          function: { name: 'get_weather', arguments: '{"city":"Rome"}' },
        },
      ],
    },
  });
  const { tokenizer } = hub.deployment.model;
  expect(await hub.promptOf(answer.id)).toEqual(
    await tokenizer.encodeChat(ask.messages, { tools: [weather] }),
  );
  expect(tokenizer.decode(await hub.promptOf(answer.id))).toContain('Weather of a city');
});

test('the official client joins the pieces of streamed calls', async () => {
  hub.answers = [`${callText}\n${callText.replace('Rome', 'Oslo')}`];
  const stream = client.chat.completions.stream({ ...ask, tools: [weather] });
  const deltas: OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall[] = [];
  for await (const { choices } of stream) deltas.push(...(choices[0]?.delta.tool_calls ?? []));
  expect(deltas.map(({ index }) => index)).toEqual([0, 0, 1, 1]);
  expect(deltas.filter(({ id }) => id !== undefined)).toHaveLength(2);
  const { choices } = await stream.finalChatCompletion();
  expect(choices[0]?.finish_reason).toBe('tool_calls');
  expect(choices[0]?.message.content).toBe('');
  expect(choices[0]?.message.tool_calls?.map((call) => 'function' in call && call.function)).toMatchObject([
    { name: 'get_weather', arguments: '{"city":"Rome"}' },
    { name: 'get_weather', arguments: '{"city":"Oslo"}' },
  ]);
});

test('a program runs the tool and gets the answer, with call and result in the history', async () => {
  hub.answers = [callText, 'It is 20 degrees.'];
  const cities: string[] = [];
  const runner = client.chat.completions.runTools({
    ...ask,
    tools: [
      {
        type: 'function',
        function: {
          ...weather.function,
          parse: (text: string) => JSON.parse(text) as { city: string },
          function: ({ city }: { city: string }) => {
            cities.push(city);
            return '20';
          },
        },
      },
    ],
  });
  expect(await runner.finalContent()).toBe('It is 20 degrees.');
  expect(cities).toEqual(['Rome']);
  const { id } = (await runner.finalChatCompletion()) as { id: string };
  const prompt = hub.deployment.model.tokenizer.decode(await hub.promptOf(id));
  expect(prompt).toContain(
    '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>',
  );
  expect(prompt).toContain('<tool_response>\n20\n</tool_response>');
});

test('one call at a time, none, or none that is asked for', async () => {
  hub.answers = [callText + callText];
  const one = await client.chat.completions.create({ ...ask, tools: [weather], parallel_tool_calls: false });
  expect(one.choices[0]?.message.tool_calls).toHaveLength(1);
  const none = await client.chat.completions.create({ ...ask, tools: [weather], tool_choice: 'none' });
  expect(none.choices[0]).toMatchObject({ message: { content: callText + callText }, finish_reason: 'stop' });
  const plain = await client.chat.completions.create(ask);
  expect(plain.choices[0]?.message.content).toBe(callText + callText);
});

test('a call that must come is one, unless the request says that there may be several', async () => {
  hub.answers = [callText + callText];
  const named = { type: 'function' as const, function: { name: 'get_weather' } };
  for (const [choice, parallel, count] of [
    ['required', undefined, 1],
    ['required', true, 2],
    [named, undefined, 1],
    [named, true, 1],
  ] as const) {
    const { id, choices } = await client.chat.completions.create({
      ...{ ...ask, tools: [weather], tool_choice: choice },
      ...(parallel === undefined ? {} : { parallel_tool_calls: parallel }),
    });
    expect(choices[0]?.message.tool_calls).toHaveLength(count);
    const { constraint } = await hub.openedFor(id);
    expect(constraint?.text.includes('{0,15}')).toBe(count === 2);
    expect(constraint?.text).not.toContain(')*');
  }
});

function customTool(syntax: 'lark' | 'regex', definition: string): OpenAI.ChatCompletionCustomTool {
  const format = { type: 'grammar' as const, grammar: { syntax, definition } };
  return { type: 'custom', custom: { name: 'patch', description: 'Patches', format } };
}

test.each([
  [
    'lark',
    'start: "*** " name LF -> file\nname: /[^a\\n]+/\n%import common.LF',
    '*** b "c"\n',
    /^\*\*\* [^a]/,
  ],
  ['regex', '[a-z]+"\\n\\d{2}', 'abc"\n42', /^[a-z]/],
] as const)(
  'the text of a custom tool follows its %s, and its call goes back to the model',
  async (syntax, definition, input, beginning) => {
    const tool = customTool(syntax, definition);
    const begun = '<tool_call>\n{"name": "patch", "arguments": {"input": "';
    hub.obeys = true;
    hub.answers = [`${begun}${JSON.stringify(input).slice(1, -1)}"}}\n</tool_call>`];
    const body = { ...ask, tools: [weather, tool], max_tokens: 100 };
    const { choices } = await client.chat.completions.create({
      ...body,
      tool_choice: { type: 'custom', custom: { name: 'patch' } },
    });
    const [call] = choices[0]?.message.tool_calls ?? [];
    expect(call).toMatchObject({ type: 'custom', custom: { name: 'patch', input } });
    const stream = await client.chat.completions.create({ ...body, stream: true });
    const calls = [];
    for await (const chunk of stream) calls.push(...(chunk.choices[0]?.delta.tool_calls ?? []));
    expect(calls).toMatchObject([{ index: 0, type: 'custom', custom: { name: 'patch', input } }]);
    // The model wants another text: the grammar lets none but its own come.
    hub.answers = [`${begun}\\t`];
    const held = await client.chat.completions.create(body);
    hub.obeys = false;
    const { content, tool_calls: [other] = [] } = held.choices[0]?.message ?? {};
    const given = other?.type === 'custom' ? other.custom.input : (content ?? '').slice(begun.length);
    expect(given).toMatch(beginning);
    hub.answers = ['Done'];
    const { id } = await client.chat.completions.create({
      ...{ ...ask, tools: [tool] },
      messages: [
        ...ask.messages,
        { role: 'assistant', tool_calls: call ? [call] : [] },
        { role: 'tool', tool_call_id: call?.id ?? '', content: 'ok' },
      ],
    });
    const prompt = hub.deployment.model.tokenizer.decode(await hub.promptOf(id));
    expect(prompt).toContain(`"arguments": ${JSON.stringify({ input }).replace(':', ': ')}`);
    expect(prompt).toContain('It follows this');
  },
);

test('of the tools those are shown and called that are allowed', async () => {
  hub.answers = [callText];
  const now = { type: 'function' as const, function: { name: 'now' } };
  const { tokenizer } = hub.deployment.model;
  for (const mode of ['auto', 'required'] as const) {
    const { id } = await client.chat.completions.create({
      ...{ ...ask, tools: [now, weather] },
      tool_choice: { type: 'allowed_tools', allowed_tools: { mode, tools: [weather] } },
    });
    expect(await hub.promptOf(id)).toEqual(await tokenizer.encodeChat(ask.messages, { tools: [weather] }));
    expect((await hub.openedFor(id)).constraint !== undefined).toBe(mode === 'required');
  }
});

test('a result of a call that is nowhere before it is refused', async () => {
  const call = { id: 'call1', type: 'function' as const, function: { name: 'get_weather', arguments: '{}' } };
  const asked = (id: string): Promise<OpenAI.ChatCompletion> =>
    client.chat.completions.create({
      ...ask,
      messages: [
        ...ask.messages,
        { role: 'assistant', tool_calls: [call] },
        { role: 'tool', tool_call_id: id, content: '20' },
      ],
    });
  await asked('call1');
  await expect(asked('call2')).rejects.toMatchObject({
    status: 400,
    param: 'messages[2].tool_call_id',
    message: expect.stringContaining('not found') as string,
  });
});

test('an answer that is too short for its schema ends where the limit is', async () => {
  hub.answers = ['x'];
  hub.obeys = true;
  const schema = { type: 'object', properties: { city: { const: 'Rome' } }, required: ['city'] };
  const { choices } = await client.chat.completions.create({
    ...{ ...ask, max_tokens: 3 },
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
  });
  hub.obeys = false;
  const { finish_reason: reason, message } = choices[0] ?? {};
  expect(reason).toBe('length');
  expect('{"city": "Rome"}'.startsWith(message?.content || '-')).toBe(true);
});

test('a tool without parameters is called with an empty object', async () => {
  hub.answers = [callText];
  const now = { type: 'function' as const, function: { name: 'now' } };
  const { id } = await client.chat.completions.create({ ...ask, tools: [now], tool_choice: now });
  const { constraint } = await hub.openedFor(id);
  expect(constraint?.text).toContain('"properties":{},"additionalProperties":false');
});

test.each([
  [{ type: 'string', pattern: '^(a{1,1000}){1,1000}b$' }, '.pattern', 'Repetitions'],
  [{ type: 'array', uniqueItems: true }, '.uniqueItems', "can't hold an answer to 'uniqueItems'"],
])('%j is refused in plain words', async (city, place, words) => {
  const parameters = { type: 'object', properties: { city } };
  const tools = [{ type: 'function' as const, function: { name: 'f', parameters } }];
  const asked = client.chat.completions.create({ ...ask, tools, tool_choice: 'required' });
  await expect(asked).rejects.toMatchObject({
    status: 400,
    param: `tools[0].function.parameters.properties.city${place}`,
    message: expect.stringContaining(words) as string,
  });
});

test('addresses and formats that are notes can be asked for', async () => {
  hub.answers = ['x'];
  const schema = {
    type: 'object',
    properties: {
      mail: { type: 'string', format: 'email' },
      other: { type: 'string', pattern: '^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$' },
      page: { type: 'string', format: 'uri' },
    },
    required: ['mail', 'other', 'page'],
    additionalProperties: false,
  };
  const { choices } = await client.chat.completions.create({
    ...{ ...ask, max_tokens: 80 },
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
  });
  expect(choices).toHaveLength(1);
});

test('a call that is cut is text, and nothing of it is lost', async () => {
  hub.answers = ['Wait. <tool_call>{"name": "get_'];
  const { choices } = await client.chat.completions.create({ ...ask, tools: [weather] });
  expect(choices[0]).toMatchObject({ message: { content: hub.answers[0] }, finish_reason: 'stop' });
});

test.each<[object, string]>([
  [{ tools: [weather], tool_choice: { type: 'function', function: { name: 'f' } } }, 'tool_choice'],
  [
    {
      tools: [weather],
      tool_choice: {
        type: 'allowed_tools',
        allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'f' } }] },
      },
    },
    'tool_choice',
  ],
  [
    {
      tools: [{ type: 'function', function: { name: 'f', strict: true, parameters: { not: {} } } }],
    },
    'tools[0].function.parameters.not',
  ],
  [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
  [{ tools: [customTool('regex', 'a(?=b)')] }, 'tools[0].custom.format.grammar.definition'],
  [{ tools: [customTool('lark', 'start: other')] }, 'tools[0].custom.format.grammar.definition'],
])('%j is refused with what is missing', async (more, param) => {
  const asked = client.chat.completions.create({ ...ask, ...more });
  await expect(asked).rejects.toMatchObject({ status: 400, param });
});

test('thoughts are parted from the answer and counted', async () => {
  hub.answers = [thinking];
  const { choices, usage } = await client.chat.completions.create(ask);
  expect(choices[0]?.message).toMatchObject({
    content: 'Hello there',
    reasoning_content: '\nHm.\n',
    reasoning: '\nHm.\n',
  });
  const reasoningTokens = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
  expect(reasoningTokens).toBeGreaterThan(0);
  expect(reasoningTokens).toBeLessThan(usage?.completion_tokens ?? 0);
  const stream = await client.chat.completions.create({ ...ask, stream: true, logprobs: true });
  const [texts, tokens] = [{ content: '', reasoning_content: '' }, [] as string[]];
  for await (const chunk of stream) {
    const delta = chunk.choices[0]?.delta as { content?: string; reasoning_content?: string } | undefined;
    texts.content += delta?.content ?? '';
    texts.reasoning_content += delta?.reasoning_content ?? '';
    tokens.push(...(chunk.choices[0]?.logprobs?.content ?? []).map(({ token }) => token));
  }
  expect(texts).toEqual({ content: 'Hello there', reasoning_content: '\nHm.\n' });
  expect(tokens.join('')).toBe(thinking);
});

test('thoughts stay where they are, or are left out, where that is asked for', async () => {
  hub.answers = [thinking];
  const raw = await client.chat.completions.create({ ...ask, ...({ reasoning_format: 'none' } as object) });
  expect(raw.choices[0]?.message.content).toBe(thinking);
  const without = await client.chat.completions.create({
    ...ask,
    ...({ include_reasoning: false } as object),
  });
  expect(without.choices[0]?.message).toEqual({ role: 'assistant', content: 'Hello there', refusal: null });
});

test('an answer that ended while the model thought says so', async () => {
  hub.answers = ['<think>\nHm'];
  const { choices } = await client.chat.completions.create(ask);
  expect(choices[0]?.message).toMatchObject({ content: null, reasoning_content: '\nHm' });
});

test('functions, as they were called before tools, are answered in their own shape', async () => {
  const { parameters, ...named } = weather.function;
  const functions = [{ ...named, parameters }];
  hub.answers = [`Let me see.\n${callText}${callText}`];
  const answer = await client.chat.completions.create({ ...ask, functions, function_call: 'auto' });
  expect(answer.choices[0]).toMatchObject({
    finish_reason: 'function_call',
    message: {
      content: 'Let me see.',
      function_call: { name: 'get_weather', arguments: '{"city":"Rome"}' },
    },
  });
  expect(answer.choices[0]?.message).not.toHaveProperty('tool_calls');
  const { tokenizer } = hub.deployment.model;
  const tools = [{ type: 'function', function: functions[0] }];
  expect(await hub.promptOf(answer.id)).toEqual(await tokenizer.encodeChat(ask.messages, { tools }));
  let called = { name: '', arguments: '' };
  for await (const { choices } of await client.chat.completions.create({ ...ask, functions, stream: true })) {
    const { name = '', arguments: given = '' } = choices[0]?.delta.function_call ?? {};
    called = { name: called.name + name, arguments: called.arguments + given };
  }
  expect(called).toEqual({ name: 'get_weather', arguments: '{"city":"Rome"}' });
  const silent = await client.chat.completions.create({ ...ask, functions, function_call: 'none' });
  expect(silent.choices[0]?.message.content).toContain('<tool_call>');
  const both = client.chat.completions.create({ ...ask, functions, tools: [weather] });
  await expect(both).rejects.toMatchObject({ status: 400, param: 'functions' });
});

test('a call and its result of the time before tools are shown to the model', async () => {
  hub.answers = ['20 degrees'];
  const answer = await client.chat.completions.create({
    ...ask,
    messages: [
      ...ask.messages,
      {
        role: 'assistant',
        content: null,
        function_call: { name: 'get_weather', arguments: '{"city": "Rome"}' },
      },
      { role: 'function', name: 'get_weather', content: '20' },
    ],
  });
  const prompt = hub.deployment.model.tokenizer.decode(await hub.promptOf(answer.id));
  expect(prompt).toContain('{"name": "get_weather", "arguments": {"city": "Rome"}}');
  expect(prompt).toContain('<tool_response>\n20\n</tool_response>');
});
