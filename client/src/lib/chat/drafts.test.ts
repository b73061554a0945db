import { expect, test } from 'vitest';
import {
  mostStored,
  moved,
  newPlace,
  readDrafts,
  temporaryPlace,
  withDraft,
  withoutSent,
  writeDrafts,
} from './drafts.ts';

test('a draft belongs to its conversation, and an empty one is none', () => {
  const drafts = withDraft(withDraft(new Map(), 'a', 'Soup'), 'b', 'Bread');
  expect([...withDraft(drafts, 'a', 'Soup?')]).toEqual([
    ['b', 'Bread'],
    ['a', 'Soup?'],
  ]);
  expect([...withDraft(drafts, 'a', '')]).toEqual([['b', 'Bread']]);
  let many = drafts;
  for (let index = 0; index < 100; index += 1) many = withDraft(many, `${index}`, 'x');
  expect(many.size).toBe(50);
  expect(many.get('99')).toBe('x');
});

test('what is sent leaves its place, also where the conversation got its name meanwhile; what follows stays', () => {
  const drafts = moved(withDraft(new Map(), newPlace, 'Hello and'), newPlace, 'a');
  expect([...drafts]).toEqual([['a', 'Hello and']]);
  expect([...withoutSent(drafts, [newPlace, 'a'], 'Hello')]).toEqual([['a', ' and']]);
  // Another message was begun there.
  expect([...withoutSent(drafts, ['a'], 'Bye')]).toEqual([['a', 'Hello and']]);
});

test('drafts outlast a reload, the newest first, and none of a temporary chat', () => {
  const long = 'x'.repeat(mostStored - 10);
  const drafts = new Map([
    ['old', 'more than ten'],
    ['long', long],
    [temporaryPlace, 'secret'],
    ['new', 'Hello'],
  ]);
  const stored = writeDrafts(drafts);
  expect(stored).not.toContain('secret');
  expect([...readDrafts(stored)]).toEqual([
    ['long', long],
    ['new', 'Hello'],
  ]);
});

test('what is damaged is no draft', () => {
  for (const stored of [null, '', '{', '{}', '3', 'null', '[["a"], [1, 2], null]'])
    expect(readDrafts(stored).size).toBe(0);
});
