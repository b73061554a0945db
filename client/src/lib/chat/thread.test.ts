import type { Message } from '@potluck/api';
import { expect, test } from 'vitest';
import { newestLeaf, threadOf } from './thread.ts';

function message(id: string, parentId: string | null, role: Message['role']): Message {
  return {
    id,
    parentId,
    role,
    content: id,
    status: 'done',
    error: null,
    model: null,
    requestId: null,
    createdAt: 0,
  };
}

/** A prompt with two answers; the first was followed up, and the follow-up edited. */
const messages = [
  message('prompt', null, 'user'),
  message('answer', 'prompt', 'assistant'),
  message('other answer', 'prompt', 'assistant'),
  message('follow-up', 'answer', 'user'),
  message('edited follow-up', 'answer', 'user'),
  message('last answer', 'edited follow-up', 'assistant'),
];

test('the thread is the way from the beginning to its leaf', () => {
  const thread = threadOf(messages, 'last answer');
  expect(thread.map(({ message: { id } }) => id)).toEqual([
    'prompt',
    'answer',
    'edited follow-up',
    'last answer',
  ]);
});

test('each message knows what else was said in its place', () => {
  const [prompt, answer, followUp] = threadOf(messages, 'last answer');
  expect(prompt?.alternatives).toEqual(['prompt']);
  expect(answer?.alternatives).toEqual(['answer', 'other answer']);
  expect(followUp?.alternatives).toEqual(['follow-up', 'edited follow-up']);
});

test('an empty conversation, and a leaf that is gone, give an empty thread', () => {
  expect(threadOf([], null)).toEqual([]);
  expect(threadOf(messages, 'gone')).toEqual([]);
});

test('messages that name each other as parents do not hang the page', () => {
  const circle = [message('one', 'two', 'user'), message('two', 'one', 'assistant')];
  expect(threadOf(circle, 'one').length).toBeLessThanOrEqual(3);
});

test('choosing a message shows the newest of what followed it', () => {
  expect(newestLeaf(messages, 'answer')).toBe('last answer');
  expect(newestLeaf(messages, 'other answer')).toBe('other answer');
});
