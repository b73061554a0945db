import type { Message } from '@potluck/api';
import { expect, test } from 'vitest';
import { mergeMessages, newestLeaf, threadOf } from './thread.ts';

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
    tokens: null,
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

test('what did not change stays the same object, so that it is not rendered again', () => {
  const before = threadOf(messages, 'answer');
  const followed = [...messages, message('next', 'answer', 'user')];
  const after = threadOf(followed, 'next', before);
  expect(after.map(({ message: { id } }) => id)).toEqual(['prompt', 'answer', 'next']);
  expect(after[0]).toBe(before[0]);
  expect(after[1]).toBe(before[1]);
  const other = threadOf([...followed, message('third answer', 'prompt', 'assistant')], 'next', after);
  expect(other[0]).toBe(before[0]);
  expect(other[1]?.alternatives).toEqual(['answer', 'other answer', 'third answer']);
});

test('the same conversation read again is the same objects, and a changed message is a new one', () => {
  const now = messages.map((one) => (one.id === 'answer' ? { ...one, content: 'longer' } : { ...one }));
  const merged = mergeMessages(messages, now);
  expect(merged.map((one, index) => one === messages[index])).toEqual([true, false, true, true, true, true]);
  expect(merged[1]?.content).toBe('longer');
  expect(mergeMessages(messages, now.slice(0, 2))).toHaveLength(2);
});

test('what the page has read of an answer stays where the hub has less of it', () => {
  const read = { ...message('a', null, 'assistant'), content: 'One two', status: 'streaming' as const };
  const merged = (content: string): string | undefined =>
    mergeMessages([read], [{ ...read, content, requestId: 'r' }])[0]?.content;
  expect(merged('One')).toBe('One two');
  expect(merged('One two three')).toBe('One two three');
  expect(merged('Two')).toBe('Two');
});

test('the work for a long conversation grows with its length, not with its square', () => {
  const readsOf = (count: number): number => {
    let reads = 0;
    const counted = Array.from({ length: count }, (_, index) => {
      const one = message(`${index}`, index === 0 ? null : `${index - 1}`, 'user');
      return new Proxy(one, { get: (target, key) => ((reads += 1), Reflect.get(target, key) as unknown) });
    });
    const thread = threadOf(counted, `${count - 1}`);
    expect(threadOf(counted, newestLeaf(counted, '0'), thread)).toEqual(thread);
    return reads;
  };
  expect(readsOf(1000) / readsOf(100)).toBeLessThan(11);
});
