import { expect, test } from 'vitest';
import { readConversations } from './conversationFile.ts';

const messages = [
  { id: 'a', parentId: null, role: 'user', content: 'Hello', model: null },
  { id: 'b', parentId: 'a', role: 'assistant', content: '<b>Hi</b>', model: 'm' },
];
const file = (conversations: unknown): string =>
  JSON.stringify({ format: 'potluck-conversations', version: 1, conversations });

test('what was exported is read again', () => {
  const one = {
    title: 'A talk',
    model: 'm',
    systemPrompt: '',
    sampling: { top_k: 3 },
    currentMessageId: 'a',
    messages,
  };
  expect(readConversations(file([one]))).toEqual([one]);
});

test('what is left out has a default', () => {
  expect(readConversations(file([{ messages }]))).toMatchObject([
    { title: 'Imported conversation', model: null, systemPrompt: '', sampling: {}, currentMessageId: 'b' },
  ]);
});

test('a file that is none is refused in words', () => {
  for (const text of ['', 'PNG', '[]', 'null', '{}', JSON.stringify({ conversations: [] })])
    expect(() => readConversations(text)).toThrow(/has no Potluck conversations/);
});

test('damaged conversations are named', () => {
  const [first, second] = messages;
  expect(() => readConversations(file([{ messages }, 3]))).toThrow(/^Conversation 2 .*no messages/);
  expect(() => readConversations(file([{ messages: [second, first] }]))).toThrow(/comes before/);
  expect(() => readConversations(file([{ messages: [{ ...first, role: 'system' }] }]))).toThrow(/by nobody/);
  expect(() => readConversations(file([{ messages: [{ ...first, content: 5 }] }]))).toThrow(/no text/);
});
