import type { Conversation } from '@potluck/api';
import { expect, test } from 'vitest';
import { fileOf, readConversations, unfinishedIn, wordsOf } from './conversationFile.ts';

const messages = [
  { id: 'a', parentId: null, role: 'user', content: 'Hello', model: null, createdAt: 1_700_000_000_000 },
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
    expect(() => readConversations(text)).toThrow(/has no conversations/);
});

test('an export without conversations, or of a newer version, is refused in words', () => {
  expect(() => readConversations(file([]))).toThrow(/without any conversation/);
  for (const conversations of [[], [{ messages }]]) {
    const newer = JSON.stringify({ format: 'potluck-conversations', version: 99, conversations });
    expect(() => readConversations(newer)).toThrow(/of a newer Potluck/);
  }
});

test('damaged conversations are named', () => {
  const [first, second] = messages;
  expect(() => readConversations(file([{ messages }, 3]))).toThrow(/^Conversation 2 .*no messages/);
  expect(() => readConversations(file([{ messages: [second, first] }]))).toThrow(/comes before/);
  expect(() => readConversations(file([{ messages: [{ ...first, role: 'system' }] }]))).toThrow(/no author/);
  expect(() => readConversations(file([{ messages: [{ ...first, content: 5 }] }]))).toThrow(/no text/);
});

test('an answer that is being written is marked as unfinished', () => {
  const [first, second] = messages;
  const open = [{ messages: [first, { ...second, status: 'streaming' }] }] as Conversation[];
  expect(unfinishedIn(open)).toBe(1);
  const text = fileOf(open);
  expect(text.match(/"isUnfinished": true/g)).toHaveLength(1);
  // What is read of it ends there.
  expect(readConversations(text)[0]?.messages).toEqual([messages[0], { ...messages[1], status: 'stopped' }]);
});

test('how an answer ended and how sure the model was goes along, as far as a hub takes it', () => {
  const [first, second] = messages;
  const tokens = [{ text: 'Hi', probability: 0.5, others: [{ text: 'Ho', probability: 0.25 }] }];
  const ended = { ...second, status: 'stopped', error: 'It broke off.', tokens };
  const written = fileOf([{ messages: [first, ended] }] as Conversation[]);
  expect(readConversations(written)[0]?.messages[1]).toEqual(ended);
  const odd = { ...second, status: 'odd', error: 3, tokens: [{ text: 'Hi', probability: 7 }] };
  expect(readConversations(file([{ messages: [first, odd] }]))[0]?.messages[1]).toEqual(second);
});

test('a conversation is known again by what was said, with other ids and another name, too', () => {
  const [one] = readConversations(file([{ title: 'A talk', messages }]));
  if (!one) throw new Error('it was read');
  const copy = {
    ...{ ...one, title: 'Another' },
    messages: one.messages.map(({ id, parentId, ...message }) => ({
      ...message,
      id: `${id}2`,
      parentId: parentId && `${parentId}2`,
    })),
  };
  expect(wordsOf(copy)).toBe(wordsOf(one));
  expect(wordsOf({ ...copy, systemPrompt: 'You are a cook.' })).not.toBe(wordsOf(one));
  // The same words at another place of the tree.
  const flat = { ...copy, messages: copy.messages.map((message) => ({ ...message, parentId: null })) };
  expect(wordsOf(flat)).not.toBe(wordsOf(one));
  const empty = { ...one, messages: [] };
  expect(wordsOf({ ...empty, title: 'Another' })).not.toBe(wordsOf(empty));
});
