/** Calls of each family, held to the grammar made of its marks, by the real engine, and read again. */
import { Llguidance, tryGrammar, writeVocabulary } from '@potluck/engine/constraint';
import { readLlguidance } from '@potluck/engine/constraint/node';
import { expect, test } from 'vitest';
import { OutputReader } from '../../generation/output/outputReader.ts';
import type { Model } from '../../models/model.ts';
import { findResponseFormat, marksOf } from '../../models/responseFormat.ts';
import { heldScript } from '../../testing/heldScript.ts';
import { call, readPieces, splits } from '../../testing/outputParts.ts';
import { heldTo, marksNamedIn, type AskedTool, type ToolChoice } from './heldTo.ts';

const engine = await Llguidance.open(await WebAssembly.compile(readLlguidance()));

const parameters = {
  type: 'object',
  properties: { city: { type: 'string', maxLength: 12 }, days: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['city'],
  additionalProperties: false,
};
const strict = (name: string): AskedTool => ({ function: { name, parameters, strict: true } });
const tools = [strict('get_weather'), strict('get_news')];
const given = '{"city": "Köln", "days": 3}';
const json = (name: string, key = 'arguments'): string => `{"name": "${name}", "${key}": ${given}}`;

/** A model of which only the template's marks and a vocabulary of bytes and marks are there. */
function familyOf(template: string, marks: readonly string[]) {
  const texts = ['</s>', ...marks];
  const ids = new Map(texts.map((text, index) => [text, 256 + index]));
  const bytes = (token: number): Uint8Array =>
    token < 256 ? Uint8Array.of(token) : new TextEncoder().encode(texts[token - 256]);
  const vocabulary = writeVocabulary({ size: 256 + texts.length, bytes, isMark: (token) => token >= 256 });
  const format = findResponseFormat(template);
  const model = {
    tokenizer: { responseFormat: format, marks: ids },
    package: { id: 'family', stopTokenIds: [256] },
  } as unknown as Model;
  const mark = new RegExp(`(${marks.map((one) => one.replaceAll(/[|[\]]/g, '\\$&')).join('|')})`);
  const encode = (text: string): number[] =>
    text.split(mark).flatMap((part) => ids.get(part) ?? [...new TextEncoder().encode(part)]);
  const decode = (tokens: readonly number[]): string =>
    Buffer.concat(tokens.filter((token) => token !== 256).map(bytes)).toString();
  return { vocabulary, format, model, encode, decode };
}

async function held(
  { vocabulary, model, encode, decode }: ReturnType<typeof familyOf>,
  { toolChoice, mostCalls, script }: { toolChoice: ToolChoice; mostCalls?: number; script: string },
): Promise<string> {
  const asked = { model, wanted: undefined, tools, toolChoice, mostCalls, promptEnd: '' };
  const grammar = await heldTo(asked, async (one) => {
    const { shortest } = tryGrammar(engine, marksNamedIn(one, model.tokenizer), one);
    return shortest === undefined ? {} : { shortest };
  });
  if (!grammar) throw new Error('the answer is free');
  const { tokens, hasEnded } = await heldScript({
    ...{ vocabulary, mostTokens: 200, script: [...encode(script), 256] },
    description: { ...grammar, endTokenIds: [256] },
  });
  expect(hasEnded).toBe(true);
  return decode(tokens);
}

const harmonyCall = (name: string): string =>
  `<|channel|>commentary to=functions.${name} <|constrain|>json<|message|>${given}`;

/** Template, marks, text before a call that is the model's own choice, and calls as recorded. */
const families: [string, string, string[], string, string, string?][] = [
  [
    'gpt-oss',
    '<|start|>assistant<|channel|>{{ tools }}',
    ['<|start|>', '<|channel|>', '<|constrain|>', '<|message|>', '<|end|>', '<|call|>'],
    '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant',
    harmonyCall('get_weather'),
  ],
  [
    'Mistral',
    '{{ tools }}[TOOL_CALLS]',
    ['[TOOL_CALLS]'],
    'One moment.',
    `[TOOL_CALLS][${json('get_weather')}]`,
    `[TOOL_CALLS][${json('get_weather')}, ${json('get_news')}]`,
  ],
  [
    'newer Mistral',
    '{{ tools }}[TOOL_CALLS]{{ name }}[ARGS]',
    ['[TOOL_CALLS]', '[ARGS]'],
    'One moment.',
    `[TOOL_CALLS]get_weather[ARGS]${given}`,
    `[TOOL_CALLS]get_weather[ARGS]${given}[TOOL_CALLS]get_news[ARGS]${given}`,
  ],
  ['Llama', '{{ tools }} Environment: ipython', ['<|python_tag|>'], '', json('get_weather', 'parameters')],
  [
    'Granite',
    '{{ tools }}<|tool_call|>',
    ['<|tool_call|>'],
    '',
    `<|tool_call|>[${json('get_weather')}]`,
    `<|tool_call|>[${json('get_weather')}, ${json('get_news')}]`,
  ],
  [
    'Phi-4',
    '{{ tools }}<|tool_call|>',
    ['<|tool_call|>', '<|/tool_call|>'],
    'One moment.',
    `<|tool_call|>[${json('get_weather')}]<|/tool_call|>`,
    `<|tool_call|>[${json('get_weather')}, ${json('get_news')}]<|/tool_call|>`,
  ],
  [
    'Qwen, whose marks are text here',
    '{{ tools }}<tool_call>',
    [],
    'One moment.\n',
    `<tool_call>\n${json('get_weather')}\n</tool_call>`,
    `<tool_call>\n${json('get_weather')}\n</tool_call>\n<tool_call>\n${json('get_news')}\n</tool_call>`,
  ],
];

test.each(families)('%s calls in its own way', async (_, template, marks, before, one, two) => {
  const family = familyOf(template, marks);
  const { format } = family;
  const read = (pieces: string[]) =>
    readPieces(
      new OutputReader({ format, readsCalls: true, partsReasoning: true, promptEnd: '' }),
      pieces,
    ).filter(({ type }) => type === 'tool-call');
  for (const mark of marks) if (mark !== '<|start|>') expect([...marksOf(format)]).toContain(mark);
  const weather = call('get_weather', JSON.parse(given) as object);
  const news = call('get_news', JSON.parse(given) as object);
  // What the model writes by itself is what the grammar lets come.
  for (const [toolChoice, script] of [
    ['required', one],
    ['auto', before + one],
  ] as const) {
    const answer = await held(family, { toolChoice, script });
    expect(answer).toBe(script);
    for (const pieces of splits(answer)) expect(read(pieces)).toEqual([weather]);
  }
  if (two !== undefined) {
    for (const toolChoice of ['required', 'auto'] as const) {
      const answer = await held(family, { toolChoice, script: two, mostCalls: 2 });
      expect(read([answer])).toEqual([weather, news]);
    }
  }
  // What it writes otherwise is not.
  const other = read([await held(family, { toolChoice: 'required', script: 'It is warm.', mostCalls: 1 })]);
  expect(other).toHaveLength(1);
  const named = await held(family, { toolChoice: { name: 'get_news' }, script: one, mostCalls: 1 });
  expect(read([named])).toMatchObject([{ name: 'get_news' }]);
});
