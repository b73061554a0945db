import { expect, test } from 'vitest';
import { conversationOf, curlOf } from './replay.ts';

const asked = {
  model: 'soup',
  seed: 7,
  prompt: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: "What's for dinner?" },
  ],
  answer: 'Soup.',
};

test('a request becomes a conversation whose first version is what was answered', () => {
  const made = conversationOf(asked);
  const [question, answer] = made?.messages ?? [];
  expect(made).toMatchObject({ model: 'soup', systemPrompt: 'Be brief.', sampling: { seed: 7 } });
  expect(made?.currentMessageId).toBe(question?.id);
  expect(answer).toMatchObject({ role: 'assistant', content: 'Soup.', parentId: question?.id });
});

test('what a conversation can not hold is not replayed', () => {
  expect(conversationOf({ ...asked, prompt: null })).toBeUndefined();
  const tool = [...asked.prompt, { role: 'tool', content: '{}' }, { role: 'user', content: 'And?' }];
  expect(conversationOf({ ...asked, prompt: tool })).toBeUndefined();
});

test('as a command, quotes in words end nothing', () => {
  expect(curlOf(asked, 'http://hub/v1')).toContain(`What'\\''s for dinner?`);
  expect(curlOf({ ...asked, prompt: null }, 'http://hub/v1')).toBeUndefined();
});
