/** Recorded answers of each family, split at every point. */
import { expect, test } from 'vitest';
import { findResponseFormat, type ResponseFormat } from '../../models/responseFormat.ts';
import { call, readPieces, splits, text, thought } from '../../testing/outputParts.ts';
import type { OutputPart } from './outputPart.ts';
import { OutputReader, type OutputReaderInit } from './outputReader.ts';

const hermes = findResponseFormat('{{ tools }}<tool_call></tool_call></think>');
const coder = findResponseFormat('{{ tools }}<tool_call><function=x></tool_call>');
const llama = findResponseFormat('{{ tools }}<|python_tag|>');
const mistral = findResponseFormat('{{ tools }}[TOOL_CALLS]');
const phi = findResponseFormat('{{ tools }}<|tool_call|>');
const harmony = findResponseFormat('<|channel|>');
const plain = findResponseFormat('{{ tools }}');
const bare = findResponseFormat('{{ tools }}</think>');

const weather = call('get_weather', { city: 'Köln' });
const weatherJson = '{"name": "get_weather", "arguments": {"city": "Köln"}}';

function read(answer: string[], format: ResponseFormat, init: Partial<OutputReaderInit> = {}): OutputPart[] {
  const reader = new OutputReader({ format, readsCalls: true, partsReasoning: true, promptEnd: '', ...init });
  return readPieces(reader, answer);
}

const samples: [string, ResponseFormat, string, OutputPart[]][] = [
  ['text', hermes, 'a < b, <tool and <thin', [text('a < b, <tool and <thin')]],
  ['blanks around text', hermes, '  Hello \n', [text('  Hello \n')]],
  ['thoughts', hermes, '<think>\nHm.\n</think>\n\nHello', [thought('\nHm.\n'), text('Hello')]],
  [
    'thoughts after text, where calls have no marks',
    bare,
    'Hello <think>Hm.</think> you',
    [text('Hello'), thought('Hm.'), text('you')],
  ],
  ['thoughts that were cut', hermes, '\n<think>Hm', [thought('Hm')]],
  [
    'two calls after text',
    hermes,
    `Let me see.\n<tool_call>\n${weatherJson}\n</tool_call>\n<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>`,
    [text('Let me see.'), weather, call('now', {})],
  ],
  [
    'a call that ends the thoughts',
    hermes,
    `<think>Hm.<tool_call>${weatherJson}</tool_call>`,
    [thought('Hm.'), weather],
  ],
  ['text after a call', hermes, `<tool_call>${weatherJson}</tool_call>\nDone.`, [weather, text('Done.')]],
  [
    'a mark within an argument',
    hermes,
    '<tool_call>{"name": "f", "arguments": {"a": "<tool_call>"}}</tool_call>',
    [call('f', { a: '<tool_call>' })],
  ],
  ['a call that was cut', hermes, 'x\n<tool_call>\n{"name": "f"', [text('x\n<tool_call>\n{"name": "f"')]],
  [
    'a call that is none',
    hermes,
    'x <tool_call>nothing</tool_call> y',
    [text('x <tool_call>nothing</tool_call> y')],
  ],
  ['a call without its end', hermes, `<tool_call>\n${weatherJson}`, [weather]],
  [
    'calls in tags',
    coder,
    '<tool_call>\n<function=get_weather>\n<parameter=city>\nKöln\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>',
    [call('get_weather', { city: 'Köln', days: 3 })],
  ],
  [
    'Llama with its tag',
    llama,
    '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Köln"}}; {"name": "now", "parameters": {}}',
    [weather, call('now', {})],
  ],
  [
    'Llama without its tag',
    llama,
    '{"name": "get_weather", "parameters": {"city": "Köln"}}; {"name": "now", "parameters": {}}',
    [weather, call('now', {})],
  ],
  ['Mistral with a list', mistral, `[TOOL_CALLS] [${weatherJson}]`, [weather]],
  [
    'Mistral with names',
    mistral,
    'One moment.[TOOL_CALLS]get_weather[ARGS]{"city": "Köln"}[TOOL_CALLS]now[ARGS]{}',
    [text('One moment.'), weather, call('now', {})],
  ],
  ['Phi-4', phi, `<|tool_call|>[${weatherJson}]<|/tool_call|>`, [weather]],
  ['Granite', phi, `<|tool_call|>[${weatherJson}]`, [weather]],
  [
    'harmony',
    harmony,
    '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather ' +
      '<|constrain|>json<|message|>{"city": "Köln"}<|call|>',
    [thought('Hm.'), weather],
  ],
  [
    'harmony with an answer',
    harmony,
    '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello',
    [thought('Hm.'), text('Hello')],
  ],
  [
    'harmony with the recipient first',
    harmony,
    '<|start|>assistant to=functions.now<|channel|>commentary json<|message|>{}',
    [call('now', {})],
  ],
  ['a bare call', plain, weatherJson, [weather]],
  ['JSON that is no call', plain, '{"name": "Ada"', [text('{"name": "Ada"')]],
  ['a call that comes later', plain, `See: ${weatherJson}`, [text(`See: ${weatherJson}`)]],
];

test.each(samples)('%s, at every way to split it', (_, format, answer, expected) => {
  for (const pieces of splits(answer)) expect(read(pieces, format)).toEqual(expected);
});

test('where the prompt begins to think, the answer goes on with it', () => {
  expect(read(['Hm.</think>Hello'], hermes, { promptEnd: 'assistant\n<think>\n' })).toEqual([
    thought('Hm.'),
    text('Hello'),
  ]);
});

test('what nobody asked to have parted stays as it is', () => {
  const answer = ` <think>Hm.</think> <tool_call>${weatherJson}</tool_call> `;
  expect(read([...answer], hermes, { readsCalls: false, partsReasoning: false })).toEqual([text(answer)]);
});

test('text is given out at once, but for what may be a mark', () => {
  const reader = new OutputReader({ format: hermes, readsCalls: true, partsReasoning: true, promptEnd: '' });
  expect(reader.add('Hello <to')).toEqual([text('Hello')]);
  expect(reader.add('x')).toEqual([text(' <tox')]);
});

test('a long answer takes time in proportion to its length', () => {
  const reader = new OutputReader({ format: hermes, readsCalls: true, partsReasoning: true, promptEnd: '' });
  reader.add('<tool_call>');
  const { user } = process.cpuUsage();
  for (let index = 0; index < 50_000; index++) reader.add('"abcdefgh",');
  expect(process.cpuUsage().user - user).toBeLessThan(5e6);
});
