import { expect, test } from 'vitest';
import type { ThreadMessage } from './thread.ts';
import { newConversation, titleOf, toRequestMessages, untitled } from './conversation.ts';

test('a title is the first line, cut at a word', () => {
  expect(titleOf('  What is\tthe capital?\nAnd why?')).toBe('What is the capital?');
  const long = titleOf(`${'word '.repeat(30)}end`);
  expect(long.length).toBeLessThanOrEqual(61);
  expect(long).toMatch(/word…$/);
  expect(titleOf('x'.repeat(200))).toHaveLength(61);
  expect(titleOf(' \n ')).toBe(untitled);
});

test('a new conversation has an id that the hub takes', () => {
  expect(newConversation().id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});

test('the model is told the system prompt, and nothing of answers that failed before they began', () => {
  const [said, failed] = ['Hello', ''].map((content, index) => ({
    message: {
      id: String(index),
      parentId: null,
      role: index === 0 ? ('user' as const) : ('assistant' as const),
      content,
      status: 'done' as const,
      error: null,
      model: null,
      requestId: null,
      tokens: null,
      createdAt: 0,
    },
    alternatives: [],
  }));
  if (!said || !failed) throw new Error('two messages were made');
  expect(toRequestMessages('Be brief.', [said, failed])).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hello' },
  ]);
  expect(toRequestMessages('  ', [said])).toEqual([{ role: 'user', content: 'Hello' }]);
});

const entry = (role: 'user' | 'assistant', content: string): ThreadMessage => ({
  message: {
    ...{ id: content, parentId: null, role, content, status: 'done', error: null },
    ...{ model: null, requestId: null, tokens: null, createdAt: 0 },
  },
  alternatives: [],
});

test('messages that follow each other without an answer are sent as one', () => {
  const thread = [
    entry('user', 'One'),
    entry('assistant', ''),
    entry('user', 'Two'),
    entry('assistant', 'Yes'),
  ];
  expect(toRequestMessages('', thread)).toEqual([
    { role: 'user', content: 'One\n\nTwo' },
    { role: 'assistant', content: 'Yes' },
  ]);
});

test('former thoughts of the model are not sent again', () => {
  expect(toRequestMessages('', [entry('assistant', '<think>Who is it?</think>Hello!')])).toEqual([
    { role: 'assistant', content: 'Hello!' },
  ]);
});
