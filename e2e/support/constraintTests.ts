/** Tests of answers that are held to a schema, a grammar or a call, with a trained model and the official client. */
import type OpenAI from 'openai';
import { zodResponseFormat, zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { HubProcess } from './hubProcess.ts';

const model = 'minimind2-small';
const messages: OpenAI.ChatCompletionMessageParam[] = [
  { role: 'user', content: 'Name a city in France, with its country.' },
];

/** @param hub one that serves the built-in model */
export function runConstraintTests(hub: () => Pick<HubProcess, 'client'>): void {
  const ask = async (more: Record<string, unknown>): Promise<OpenAI.ChatCompletion.Choice> => {
    const body = { model, messages, temperature: 0, max_tokens: 80, ...more };
    const { choices } = await hub().client.chat.completions.create(
      body as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming,
    );
    return choices[0] as OpenAI.ChatCompletion.Choice;
  };

  test('an object is always JSON, also where the answer is cut', async () => {
    for (const limit of [8, 30]) {
      const { message, finish_reason: reason } = await ask({
        ...{ response_format: { type: 'json_object' }, max_tokens: limit },
      });
      expect(['stop', 'length']).toContain(reason);
      expect(JSON.parse(message.content ?? '')).toBeTypeOf('object');
    }
  });

  test('the official client parses an answer in the format of zod', async () => {
    const City = z.object({
      name: z.string(),
      country: z.enum(['France', 'Spain']),
      people: z.number().int().min(1).max(99_999_999),
      mayor: z.string().nullable(),
    });
    const { choices } = await hub().client.chat.completions.parse({
      ...{ model, messages, max_tokens: 100, seed: 7 },
      response_format: zodResponseFormat(City, 'city'),
    });
    expect(City.parse(choices[0]?.message.parsed)).toHaveProperty('name');
  });

  test('choices, expressions and grammars', async () => {
    expect((await ask({ guided_choice: ['Lyon?', 'Par*is'] })).message.content).toMatch(/^(Lyon\?|Par\*is)$/);
    expect((await ask({ guided_regex: '[A-Z][a-z]{2,8}-\\d{3}' })).message.content).toMatch(
      /^[A-Z][a-z]{2,8}-\d{3}$/,
    );
    const list = await ask({ grammar: 'root ::= item ("," item){2}\nitem ::= [a-z]+ "!"' });
    expect(list.message.content).toMatch(/^[a-z]+!(,[a-z]+!){2}$/);
    const completion = await hub().client.completions.create({
      ...{ model, prompt: 'The answer is', max_tokens: 20 },
      ...{ structured_outputs: { choice: [' yes', ' no'] } },
    });
    expect(completion.choices[0]?.text).toMatch(/^ (yes|no)$/);
  });

  test('a call that is required comes, and its arguments are valid', async () => {
    const tool = (name: string): OpenAI.ChatCompletionTool => ({
      type: 'function',
      function: {
        name,
        parameters: {
          type: 'object',
          properties: { city: { type: 'string', maxLength: 20 }, days: { $ref: '#/$defs/days' } },
          required: ['city', 'days'],
          additionalProperties: false,
          $defs: { days: { type: 'integer', minimum: 1, maximum: 9 } },
        },
      },
    });
    const tools = [tool('get_weather'), tool('get_news')];
    const Arguments = z.strictObject({ city: z.string().max(20), days: z.int().min(1).max(9) });
    const required = await ask({ tools, tool_choice: 'required', parallel_tool_calls: false });
    const named = await ask({
      tools,
      tool_choice: { type: 'function', function: { name: 'get_news' } },
    });
    for (const { message, finish_reason: reason } of [required, named]) {
      expect(reason).toBe('tool_calls');
      const call = message.tool_calls?.[0];
      if (call?.type !== 'function') throw new Error('there is no call');
      Arguments.parse(JSON.parse(call.function.arguments));
    }
    const call = named.message.tool_calls?.[0];
    expect(call?.type === 'function' && call.function.name).toBe('get_news');
  });

  test('what a schema asks for in vain is said with its path', async () => {
    const schema = { type: 'object', properties: { a: { type: 'array', uniqueItems: true } } };
    const asked = ask({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } });
    await expect(asked).rejects.toMatchObject({
      status: 400,
      param: 'response_format.json_schema.schema.properties.a.uniqueItems',
    });
  });

  test('responses: formats of zod, and tools that must be called', async () => {
    const City = z.object({ name: z.string().max(20), country: z.enum(['France', 'Spain']) });
    const { responses } = hub().client;
    const input = 'Name a city in France, with its country.';
    const parsed = await responses.parse({
      ...{ model, input, max_output_tokens: 60 },
      text: { format: zodTextFormat(City, 'city') },
    });
    expect(City.parse(parsed.output_parsed)).toHaveProperty('country');
    const asked = {
      ...{ model, input, max_output_tokens: 80 },
      tools: [zodResponsesFunction({ name: 'note', parameters: City })],
    };
    for (const choice of ['required', { type: 'function' as const, name: 'note' }] as const) {
      const { output } = await responses.create({ ...asked, tool_choice: choice });
      const calls = output.filter((item) => item.type === 'function_call');
      expect(calls.map(({ name }) => name)).toContain('note');
      for (const { arguments: given } of calls) City.parse(JSON.parse(given));
    }
  });
}
