import { expect, test } from 'vitest';
import { readConversations } from './conversationFile.ts';

/** Who said what after which message, by the words. */
function said(
  file: unknown,
): { title: string; systemPrompt: string; shown: string | undefined; words: string[] }[] {
  return readConversations(JSON.stringify(file)).map(
    ({ title, systemPrompt, currentMessageId, messages }) => {
      const words = (id: string | null): string | undefined => messages.find((one) => one.id === id)?.content;
      return {
        title,
        systemPrompt,
        shown: words(currentMessageId),
        words: messages.map(
          ({ role, content, parentId }) => `${role}: ${content} < ${words(parentId) ?? ''}`,
        ),
      };
    },
  );
}

test('an export of ChatGPT keeps its branches and leaves out what nobody said', () => {
  const message = (role: string, text: string, more = {}): object => ({
    author: { role },
    content: { content_type: 'text', parts: [text] },
    ...more,
  });
  const mapping = {
    d: {
      id: 'd',
      parent: 'b',
      message: message('assistant', 'Rye.', { metadata: { model_slug: 'gpt-4o' } }),
    },
    root: { id: 'root', parent: null, children: ['a'], message: null },
    a: { id: 'a', parent: 'root', message: message('system', '') },
    b: { id: 'b', parent: 'a', message: message('user', 'Which bread?') },
    c: { id: 'c', parent: 'b', message: message('assistant', 'Wheat.') },
    tool: { id: 'tool', parent: 'd', message: message('tool', '{}') },
    e: { id: 'e', parent: 'tool', message: message('user', 'Thanks') },
  };
  expect(said([{ title: 'Bread', mapping, current_node: 'tool' }])).toEqual([
    {
      title: 'Bread',
      systemPrompt: '',
      shown: 'Rye.',
      words: [
        'user: Which bread? < ',
        'assistant: Rye. < Which bread?',
        'assistant: Wheat. < Which bread?',
        'user: Thanks < Rye.',
      ],
    },
  ]);
});

test('exports of Open WebUI, Claude and LM Studio are read', () => {
  const messages = {
    1: { id: '1', parentId: null, role: 'user', content: 'Hi' },
    2: { id: '2', parentId: '1', role: 'assistant', content: 'Hello', model: 'm' },
  };
  const webUi = [{ id: 'x', title: 'Greeting', chat: { history: { messages, currentId: '2' } } }];
  const claude = [
    {
      name: 'Greeting',
      chat_messages: [
        { uuid: '1', sender: 'human', text: 'Hi' },
        { uuid: '2', sender: 'assistant', text: '', content: [{ type: 'text', text: 'Hello' }] },
      ],
    },
  ];
  const content = (text: string): object[] => [{ type: 'text', text }];
  const lmStudio = {
    name: 'Greeting',
    messages: [
      { versions: [{ type: 'singleStep', role: 'user', content: content('Hi') }], currentlySelected: 0 },
      {
        versions: [
          {
            type: 'multiStep',
            role: 'assistant',
            steps: [{ type: 'contentBlock', content: content('Bye') }],
          },
          {
            type: 'multiStep',
            role: 'assistant',
            steps: [{ type: 'contentBlock', content: content('Hello') }],
          },
        ],
        currentlySelected: 1,
      },
    ],
  };
  const expected = [
    {
      title: 'Greeting',
      systemPrompt: '',
      shown: 'Hello',
      words: ['user: Hi < ', 'assistant: Hello < Hi'],
    },
  ];
  for (const file of [webUi, claude, lmStudio]) expect(said(file)).toEqual(expected);
});

test('a list of messages is a conversation, and its system message the system prompt', () => {
  const messages = [
    { role: 'system', content: 'You are a cook.' },
    { role: 'user', content: [{ type: 'text', text: 'Soup?' }, { type: 'image_url' }] },
    { role: 'assistant', content: 'Soup.' },
  ];
  for (const file of [messages, { messages }, [{ messages }]])
    expect(said(file)).toMatchObject([
      {
        title: 'Soup?',
        systemPrompt: 'You are a cook.',
        words: ['user: Soup? < ', 'assistant: Soup. < Soup?'],
      },
    ]);
});

test('a conversation without an end, or in a circle, holds nobody up', () => {
  const long = Array.from({ length: 5000 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: String(index),
  }));
  expect(readConversations(JSON.stringify(long))[0]?.messages).toHaveLength(5000);
  const message = { author: { role: 'user' }, content: { parts: ['x'] } };
  const mapping = { a: { parent: 'b', message }, b: { parent: 'a', message }, c: { parent: null, message } };
  expect(said([{ mapping }])[0]?.words).toEqual(['user: x < ']);
});
