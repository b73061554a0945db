/** The AI SDK's OpenAI provider, which speaks to `/v1/responses`. */
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, isStepCount, streamText, tool } from 'ai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { startAnsweringHub, type AnsweringHub } from '../../../testing/answeringHub.ts';

let hub: AnsweringHub;

beforeAll(async () => {
  hub = await startAnsweringHub();
});
afterAll(() => hub.close());

const model = () => createOpenAI({ baseURL: `${hub.url}/v1`, apiKey: 'any' }).responses('test-model');

test('text, usage and the reason of its end', async () => {
  hub.answers = ['Hello there'];
  const { text, usage, finishReason, warnings } = await generateText({
    model: model(),
    instructions: 'Be brief.',
    prompt: 'Hi',
    temperature: 0.5,
  });
  expect([text, finishReason, warnings]).toEqual(['Hello there', 'stop', []]);
  expect(usage.outputTokens).toBe(hub.encode('Hello there').length + 1);
});

test('a stream with thoughts', async () => {
  hub.answers = ['<think>\nHm.\n</think>\n\nHello there'];
  const result = streamText({
    model: model(),
    prompt: 'Hi',
    providerOptions: { openai: { reasoningSummary: 'auto', forceReasoning: true } },
  });
  const texts = { 'text-delta': '', 'reasoning-delta': '' };
  for await (const part of result.fullStream) {
    if (part.type === 'error') throw part.error;
    if (part.type === 'text-delta' || part.type === 'reasoning-delta') texts[part.type] += part.text;
  }
  expect(texts).toEqual({ 'text-delta': 'Hello there', 'reasoning-delta': '\nHm.\n' });
});

test('tools run in a loop, and what was said before is named by its id', async () => {
  hub.answers = [
    'Let me see.\n<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call>',
    'It is 20 degrees.',
  ];
  const cities: string[] = [];
  const { text, steps } = await generateText({
    model: model(),
    prompt: 'Weather?',
    stopWhen: isStepCount(3),
    tools: {
      weather: tool({
        description: 'Weather of a city',
        inputSchema: z.object({ city: z.string() }),
        execute: ({ city }) => {
          cities.push(city);
          return '20';
        },
      }),
    },
  });
  expect([text, cities, steps.length]).toEqual(['It is 20 degrees.', ['Rome'], 2]);
});
