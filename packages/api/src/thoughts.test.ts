import { expect, test } from 'vitest';
import { partThoughts, withThoughts } from './thoughts.ts';

test('thoughts and text come out as they went in, also while there is no text yet', () => {
  expect(partThoughts(withThoughts('Let me see.', 'Paris.'))).toEqual({
    thoughts: 'Let me see.',
    text: 'Paris.',
    isThinking: false,
  });
  expect(partThoughts(withThoughts('Let me', ''))).toEqual({
    thoughts: 'Let me',
    text: '',
    isThinking: true,
  });
  expect(partThoughts(withThoughts('', 'Paris.'))).toEqual({
    thoughts: '',
    text: 'Paris.',
    isThinking: false,
  });
});

test('a text that only speaks of the marks has no thoughts', () => {
  const text = 'Models write <think> and </think>.';
  expect(partThoughts(text)).toEqual({ thoughts: '', text, isThinking: false });
});
