/** Answers read as response templates say, those of Hugging Face's documentation among them, split at every point. */
import { expect, test } from 'vitest';
import { readResponseTemplate, type ResponseTemplate } from '../../models/responseTemplate.ts';
import { call, readPieces, splits, text, thought } from '../../testing/outputParts.ts';
import type { OutputPart } from './outputPart.ts';
import { TemplateReader } from './templateReader.ts';

const wrapped = { type: 'function', function: '{content}' };
const named = { type: 'function', function: { name: '{name}', arguments: '{content}' } };
const template = (value: object): ResponseTemplate => {
  const read = readResponseTemplate(value);
  if (!read) throw new Error('no template');
  return read;
};
const smol = template({
  defaults: { role: 'assistant' },
  start_anchor: '<|im_start|>assistant\n',
  fields: {
    thinking: { open: '<think>', close: '</think>', content: 'text' },
    tool_calls: {
      open: '<tool_call>',
      close: '</tool_call>',
      repeats: true,
      content: 'json',
      transform: wrapped,
    },
    content: { close: '<|im_end|>', content: 'text' },
  },
});
const coder = template({
  start_anchor: '<|im_start|>assistant\n',
  fields: {
    tool_calls: {
      open_pattern: String.raw`<tool_call>\s*<function=(?P<name>\w+)>`,
      close: '</tool_call>',
      repeats: true,
      content: 'xml-inline',
      content_args: {
        tag_pattern: String.raw`<parameter=(?P<key>\w+)>\s*(?P<value>.*?)\s*</parameter>`,
        value_parser: { name: 'json', args: { allow_non_json: true } },
      },
      transform: named,
    },
    content: { content: 'text' },
  },
});
const harmony = template({
  start_anchor: '<|start|>assistant',
  fields: {
    thinking: { open: '<|channel|>analysis<|message|>', close: '<|end|>' },
    tool_calls: {
      open_pattern: String.raw`<\|channel\|>commentary to=functions\.(?P<name>\w+).*?<\|message\|>`,
      close: '<|call|>',
      repeats: true,
      content: 'json',
      transform: named,
    },
    content: { open: '<|channel|>final<|message|>', close: ['<|end|>', '<|return|>'] },
  },
});
const cohere = template({
  start_anchor_pattern: String.raw`<\|CHATBOT_TOKEN\|>`,
  fields: {
    tool_calls: {
      open: '<|START_ACTION|>',
      close: '<|END_ACTION|>',
      content: 'json',
      transform_each: true,
      transform: { type: 'function', function: { name: '{tool_name}', arguments: '{parameters}' } },
    },
    content: { open: '<|START_RESPONSE|>', close: '<|END_RESPONSE|>' },
  },
});
const gemma = template({
  start_anchor: '<start_of_turn>model\n',
  fields: {
    tool_calls: {
      open_pattern: String.raw`<call>(?P<name>\w+)`,
      close: '</call>',
      content: 'json',
      content_args: { unquoted_keys: true, string_delims: [['<q>', '</q>']] },
      transform: named,
    },
    content: {},
  },
});
const lines = template({
  start_anchor: 'x',
  fields: {
    tool_calls: {
      open: '<set>',
      close: '</set>',
      content: 'kv-lines',
      content_args: { value_parser: { name: 'int' } },
      transform: { name: 'set', arguments: '{content}' },
    },
    content: {},
  },
});

function read(
  pieces: string[],
  by: ResponseTemplate,
  { promptEnd = '', readsCalls = true, partsReasoning = true } = {},
): OutputPart[] {
  const reader = new TemplateReader({ promptEnd, readsCalls, partsReasoning }, by);
  return readPieces(reader, pieces);
}

const hi = '{"name": "greet", "arguments": {"greeting": "Hi!"}}';
const greeted = call('greet', { greeting: 'Hi!' });
const samples: [string, ResponseTemplate, string, OutputPart[]][] = [
  ['text', smol, 'a < b, <tool and </think', [text('a < b, <tool and </think')]],
  [
    'thoughts, text and calls',
    smol,
    `<think>\nI greet\n</think>\n\nSo: <tool_call>${hi}</tool_call>\n<tool_call>${hi}</tool_call>`,
    [thought('I greet'), text('So:'), greeted, greeted],
  ],
  ['a call that the end closes', smol, `<tool_call>${hi}`, [greeted]],
  ['a call that is cut', smol, 'Well <tool_call>{"name": "gre', [text('Well<tool_call>{"name": "gre')]],
  ['no call', smol, '<tool_call>{"a": 1}</tool_call>', [text('<tool_call>{"a": 1}</tool_call>')]],
  [
    'parameters as tags',
    coder,
    'Ok.\n<tool_call>\n<function=get_weather>\n<parameter=city>\nKöln\n</parameter>\n<parameter=days>3</parameter>\n</function>\n</tool_call>',
    [text('Ok.'), call('get_weather', { city: 'Köln', days: 3 })],
  ],
  [
    'channels with an anchor between them',
    harmony,
    '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Rome"}<|call|>',
    [thought('Hm.'), call('get_weather', { city: 'Rome' })],
  ],
  ['a final channel', harmony, '<|channel|>final<|message|>Hello<|return|>', [text('Hello')]],
  ['outside of all regions', harmony, 'plain words', [text('plain words')]],
  [
    'a list of calls',
    cohere,
    '<|START_ACTION|>[{"tool_name": "a", "parameters": {"x": 1}}, {"tool_name": "b", "parameters": {}}]<|END_ACTION|><|START_RESPONSE|>Done<|END_RESPONSE|>',
    [call('a', { x: 1 }), call('b', {}), text('Done')],
  ],
  [
    'names without quotes, strings with marks of their own',
    gemma,
    '<call>say{words: <q>"Hi", you: {x}</q>, n: 2}</call>',
    [call('say', { words: '"Hi", you: {x}', n: 2 })],
  ],
  ['lines of values', lines, '<set>a: 1\n\nb: 2</set>', [call('set', { a: 1, b: 2 })]],
];

test.each(samples)('%s: the same however it comes', (_, by, answer, expected) => {
  for (const pieces of splits(answer)) expect(read(pieces, by)).toEqual(expected);
});

test('what the prompt has begun goes on, and earlier turns count for nothing', () => {
  const begun = '<|im_start|>assistant\n<think>old</think><|im_end|>\n<|im_start|>assistant\n<think>\n';
  expect(read(['Hm.</think>Hi'], smol, { promptEnd: begun })).toEqual([thought('Hm.'), text('Hi')]);
  const said = '<|im_start|>assistant\nHello';
  expect(read([' there'], smol, { promptEnd: said })).toEqual([text(' there')]);
  const other = '<|CHATBOT_TOKEN|><|START_ACTION|>[<|CHATBOT_TOKEN|><|START_RESPONSE|>';
  expect(read(['Hi<|END_RESPONSE|>'], cohere, { promptEnd: other })).toEqual([text('Hi')]);
});

test('text is let out as it comes, and so are thoughts', () => {
  const reader = new TemplateReader({ promptEnd: '', readsCalls: true, partsReasoning: true }, smol);
  expect(reader.add('Hello the')).toEqual([text('Hello the')]);
  expect(reader.add('re <thi')).toEqual([text('re')]);
  expect(reader.isReasoning).toBe(false);
  expect(reader.add('nk>So')).toEqual([thought('So')]);
  expect(reader.isReasoning).toBe(true);
});

test('calls and thoughts that nobody asked to part stay in the text', () => {
  const answer = `<think>Hm.</think>Ok. <tool_call>${hi}</tool_call>`;
  const whole = { readsCalls: false, partsReasoning: false };
  expect(read([answer], smol, whole)).toEqual([text(answer.replace('Ok. ', 'Ok.'))]);
});

test('a pattern of which the search takes too long ends nothing but itself', () => {
  const evil = template({
    start_anchor: 'x',
    fields: { tool_calls: { open_pattern: '<t>(a+)+$b', close: '</t>', content: 'json' }, content: {} },
  });
  const answer = `<t>${'a'.repeat(40)}!`;
  expect(read([answer], evil)).toEqual([text(answer)]);
});
