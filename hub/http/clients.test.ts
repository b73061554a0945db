/** Clients that people build with, each with its own idea of the API, and one hub for all. */
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, isStepCount, streamText, tool, type LanguageModel } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startAnsweringHub, type AnsweringHub } from '../testing/answeringHub.ts';

let hub: AnsweringHub;

beforeAll(async () => {
  hub = await startAnsweringHub();
});
afterAll(() => hub.close());

const callText = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>';
const thinking = '<think>\nHm.\n</think>\n\nHello there';
const lastPrompt = (): string => hub.deployment.model.tokenizer.decode(hub.lastPrompt());

const compatible = (): LanguageModel =>
  createOpenAICompatible({
    name: 'potluck',
    baseURL: `${hub.url}/v1`,
    apiKey: 'any',
    includeUsage: true,
  }).chatModel('test-model');
const anthropic = (): LanguageModel =>
  createAnthropic({ baseURL: `${hub.url}/v1`, apiKey: 'any' })('test-model');

describe.each([
  ['@ai-sdk/openai-compatible', compatible],
  ['@ai-sdk/anthropic', anthropic],
])('%s', (_, model) => {
  test('text, usage, thoughts and the reason of its end', async () => {
    hub.answers = [thinking];
    const whole = await generateText({ model: model(), prompt: 'Hi', maxOutputTokens: 200 });
    expect([whole.text, whole.reasoningText?.trim(), whole.finishReason]).toEqual([
      'Hello there',
      'Hm.',
      'stop',
    ]);
    expect(whole.usage.outputTokens).toBe(hub.encode(thinking).length + 1);
    const result = streamText({ model: model(), prompt: 'Hi', maxOutputTokens: 200 });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces.join('')).toBe('Hello there');
    expect(pieces.length).toBeGreaterThan(1);
    expect((await result.reasoningText)?.trim()).toBe('Hm.');
    expect((await result.usage).outputTokens).toBe(hub.encode(thinking).length + 1);
  });

  test('a tool is run, and its result goes back to the model', async () => {
    hub.answers = [`Let me see.\n${callText}`, 'It is 20 degrees.'];
    const cities: string[] = [];
    const { text, steps } = await generateText({
      model: model(),
      prompt: 'How warm is Rome?',
      maxOutputTokens: 200,
      stopWhen: isStepCount(3),
      tools: {
        get_weather: tool({
          description: 'Weather of a city',
          inputSchema: z.object({ city: z.string() }),
          execute: ({ city }) => {
            cities.push(city);
            return '20';
          },
        }),
      },
    });
    expect([text, steps.length, cities]).toEqual(['It is 20 degrees.', 2, ['Rome']]);
    expect(steps[0]?.finishReason).toBe('tool-calls');
    expect(lastPrompt()).toContain('{"name": "get_weather", "arguments": {"city": "Rome"}}');
    expect(lastPrompt()).toMatch(/<tool_response>\s*"?20"?\s*<\/tool_response>/);
  });

  test('a limit or a stop string ends an answer', async () => {
    hub.answers = ['One. Two. Three.'];
    const cut = await generateText({ model: model(), prompt: 'Count', maxOutputTokens: 2 });
    expect(cut.finishReason).toBe('length');
    const stopped = await generateText({
      model: model(),
      prompt: 'Count',
      maxOutputTokens: 50,
      stopSequences: [' Two'],
    });
    expect(stopped.text).toBe('One.');
  });
});

test('LangChain streams, calls a tool and sends its result', async () => {
  const chat = new ChatOpenAI({
    model: 'test-model',
    apiKey: 'any',
    maxRetries: 0,
    configuration: { baseURL: `${hub.url}/v1` },
  });
  hub.answers = ['Hello there'];
  let text = '';
  for await (const piece of await chat.stream('Hi')) text += piece.text;
  expect(text).toBe('Hello there');
  const bound = chat.bindTools([
    { type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } },
  ]);
  hub.answers = [callText, 'It is 20 degrees.'];
  const question = new HumanMessage('How warm is Rome?');
  const called = await bound.invoke([question]);
  const [call] = called.tool_calls ?? [];
  expect(call).toMatchObject({ name: 'get_weather', args: { city: 'Rome' } });
  const result = new ToolMessage({ content: '20', tool_call_id: call?.id ?? '' });
  expect((await bound.invoke([question, called, result])).text).toBe('It is 20 degrees.');
  expect(lastPrompt()).toContain('<tool_response>\n20\n</tool_response>');
});

/** It comes without types. */
const canary: string = 'compatcanary';
interface Report {
  score: number;
  results: { id: string; status: string; summary: string }[];
}

test.each(['chat', 'modern'])('compatcanary gives its profile %s 100 of 100', async (profile) => {
  const { scanEndpoint } = (await import(canary)) as {
    scanEndpoint: (options: object) => Promise<Report>;
  };
  hub.answers = ['CANARY_OK'];
  hub.obeys = true;
  const { results, score } = await scanEndpoint({ baseUrl: `${hub.url}/v1`, model: 'test-model', profile });
  hub.obeys = false;
  expect(results.filter(({ status }) => status !== 'pass')).toEqual([]);
  expect(score).toBe(100);
});
