import { expect, test } from 'vitest';
import { readChatBody } from './chatBody.ts';

const messages = [{ role: 'user', content: 'Hi' }];

test.each([
  ['10000 messages', { messages: Array<number>(10_001).fill(5) }],
  ['10000 parts of content', { messages: Array(101).fill({ content: Array<number>(100).fill(5) }) }],
  [
    '10000 tokens',
    { messages, logit_bias: Object.fromEntries(Array.from({ length: 10_001 }, (_, id) => [`x${id}`, 'y'])) },
  ],
])('more than %s are refused before each is looked at', (most, body) => {
  expect(() => readChatBody(body)).toThrow(`takes at most ${most}`);
});

test('as many entries as the hub takes pass, and unknown fields are left out', () => {
  const parts = Array(10_000).fill({ type: 'text', text: 'x' });
  expect(readChatBody({ messages: [{ role: 'user', content: parts }], unknown: 1, seed: null })).toEqual({
    messages: [{ role: 'user', content: parts }],
    stream: false,
    n: 1,
  });
  const many = Array(10_000).fill(messages[0]);
  const biases = Object.fromEntries(Array.from({ length: 10_000 }, (_, id) => [id, 1]));
  expect(readChatBody({ messages: many, logit_bias: biases })).toMatchObject({
    messages: many,
    logit_bias: biases,
  });
});

test('ten thousand wrong entries take no longer than right ones: the first of them is named', () => {
  const usedFor = (body: object): number => {
    const before = process.threadCpuUsage();
    for (let round = 0; round < 5; round++) {
      try {
        readChatBody(body);
      } catch (error) {
        expect(error).toMatchObject({
          param: expect.stringMatching(/^messages\[0\]\.role|logit_bias\.x0$/) as string,
        });
      }
    }
    const { user, system } = process.threadCpuUsage(before);
    return user + system;
  };
  const many = (message: object): object => ({ messages: Array<object>(10_000).fill(message) });
  const biased = (prefix: string): object => ({
    messages,
    logit_bias: Object.fromEntries(Array.from({ length: 10_000 }, (_, id) => [`${prefix}${id}`, 1])),
  });
  usedFor(many({ role: 'user', content: 'Hi' }));
  expect(usedFor(many({ role: 'nobody', content: 5 }))).toBeLessThan(
    usedFor(many({ role: 'user', content: 'Hi' })),
  );
  expect(usedFor(biased('x'))).toBeLessThan(2 * usedFor(biased('')));
});

test('a message has a content, unless the assistant called something', () => {
  const without = (message: object, content: object): object => ({
    messages: [...messages, { ...message, ...content }],
  });
  const call = { id: 'one', type: 'function', function: { name: 'cook', arguments: '{}' } };
  for (const content of [{ content: null }, {}]) {
    for (const message of [{ role: 'user' }, { role: 'system' }, { role: 'assistant' }]) {
      expect(() => readChatBody(without(message, content))).toThrow(
        /^'messages\[1\]\.content': must be a text or a list of parts: only an assistant's message that calls tools/,
      );
    }
    for (const said of [{ tool_calls: [call] }, { function_call: call.function }, { reasoning: 'Hm' }]) {
      expect(readChatBody(without({ role: 'assistant', ...said }, content)).messages).toHaveLength(2);
    }
  }
});
