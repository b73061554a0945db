import type { Message } from '@potluck/api';
import { expect, test } from 'vitest';
import { messageWith } from './findWords.ts';

const message = (id: string, content: string): Message => ({
  ...{ id, parentId: null, role: 'user', content, status: 'done', error: null },
  ...{ model: null, requestId: null, tokens: null, createdAt: 0 },
});
const messages = [message('a', 'Of soup'), message('b', 'Of Bread'), message('c', 'Of bread and salt')];

test('words that stand only in another version lead to its newest message', () => {
  expect(messageWith(messages, ['a'], ' BREAD ')).toBe('c');
  expect(messageWith(messages, ['a', 'b'], 'bread')).toBeUndefined();
  // Only the title has them, or nothing is searched for.
  for (const words of ['salad', ' ', '']) expect(messageWith(messages, [], words)).toBeUndefined();
});
