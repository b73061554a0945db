import { randomUUID } from 'node:crypto';
import { CacheId, SamplingDescription, SessionId } from '@potluck/protocol';
import { expect, test, vi } from 'vitest';
import { noRecovery } from '../attempt.ts';
import { Journal } from './journal.ts';
import type { JournalEntry, JournalOpening, JournalState } from './journalEntry.ts';
import type { JournalBatch } from './journalStore.ts';
import { SuspendedAnswers } from './suspendedAnswers.ts';

const state: JournalState = {
  cacheId: CacheId.parse(randomUUID()),
  epoch: 1,
  recovery: noRecovery,
  at: 0,
};

function opening(maxTokens = 10): JournalOpening {
  return {
    ...{
      id: SessionId.parse(randomUUID()),
      createdAt: 0,
      model: 'm',
      modelDigest: 'd',
      stream: true,
      maxTokens,
    },
    ...{ share: 's', cacheOwner: 's', systemTokens: 0, chunkTokens: 8, minTokens: 0, stopTokenIds: [2] },
    author: { owner: 'ada', keyId: null, keyName: null, source: 'api' },
    sampling: SamplingDescription.parse({ seed: 1 }),
    asked: { path: '/v1/chat/completions', bodyHash: 'h' },
  };
}

function journal(mostBytes?: number): {
  journal: Journal;
  saved: JournalBatch[];
  settled: () => Promise<void>;
} {
  const saved: JournalBatch[] = [];
  let last = Promise.resolve();
  const writes = {
    write: (_: string, write: () => Promise<void>) => void (last = last.then(write)),
    settled: () => last,
  };
  const store = { save: (batch: JournalBatch) => Promise.resolve(void saved.push(batch)) };
  // Written by hand here.
  const init = { everyMs: 1_000_000, ...(mostBytes === undefined ? {} : { mostBytes }) };
  return { journal: new Journal({ store, writes }, init), saved, settled: () => last };
}

test('many tokens are one write, and the next write has only what is new', async () => {
  const { journal: pages, saved, settled } = journal();
  const about = opening();
  const page = pages.open(about, [1, 5], () => state);
  page?.grew({ token: 7 });
  page?.grew({ token: 8 });
  pages.flush();
  await settled();
  page?.grew({ token: 9, finish: 'stop' });
  pages.flush();
  await settled();
  const { id } = about;
  expect(saved).toEqual([
    {
      opened: [{ opening: about, prompt: [1, 5], state }],
      grown: [{ id, position: 0, tokens: [{ token: 7 }, { token: 8 }], state }],
      ended: [],
    },
    { opened: [], grown: [{ id, position: 2, tokens: [{ token: 9, finish: 'stop' }], state }], ended: [] },
  ]);
});

test('an answer that ends before the first write is never written, a later one is removed, and one that goes on stays', async () => {
  const { journal: pages, saved, settled } = journal();
  pages.open(opening(), [1], () => state)?.end(false);
  const later = opening();
  const page = pages.open(later, [1], () => state);
  const goesOn = opening();
  const other = pages.open(goesOn, [1], () => state);
  pages.flush();
  await settled();
  page?.end(false);
  other?.grew({ token: 3 });
  other?.end(true);
  pages.flush();
  await settled();
  expect(saved.map(({ opened }) => opened.map((one) => one.opening.id))).toEqual([[later.id, goesOn.id], []]);
  expect(saved[1]).toMatchObject({ grown: [{ id: goesOn.id }], ended: [later.id] });
});

test('what was asked is kept before anybody reads the first word, together with what else was asked', async () => {
  const { journal: pages, saved } = journal();
  const page = pages.open(opening(), [1], () => state);
  const other = pages.open(opening(), [1], () => state);
  page?.grew({ token: 7 });
  await page?.kept();
  expect(saved).toMatchObject([{ opened: [{}, {}], grown: [{ tokens: [{ token: 7 }] }] }]);
  await other?.kept();
  expect(saved).toHaveLength(1);
});

test('nobody has to ask for what was asked to be kept', async () => {
  const { journal: pages, saved } = journal();
  pages.open(opening(), [1], () => state);
  await vi.waitFor(() => expect(saved).toMatchObject([{ opened: [{}] }]));
});

test('what has no room is not kept, until another answer has ended', () => {
  const { journal: pages } = journal(200);
  const first = pages.open(opening(), [1], () => state);
  expect(first).toBeDefined();
  expect(pages.open(opening(20), [1], () => state)).toBeUndefined();
  first?.end(false);
  expect(pages.open(opening(20), [1], () => state)).toBeDefined();
});

test('what was written of an answer stays until the other answers to the same request have ended', async () => {
  const { journal: pages, saved, settled } = journal();
  const first = opening();
  const second = { ...opening(), choice: { of: first.id, index: 1, count: 2 } };
  const page = pages.open({ ...first, choice: { of: first.id, index: 0, count: 2 } }, [1], () => state);
  const other = pages.open(second, [1], () => state);
  pages.flush();
  await settled();
  page?.grew({ token: 7, finish: 'stop' });
  page?.end(false);
  pages.flush();
  await settled();
  expect(saved[1]).toMatchObject({ grown: [{ id: first.id }], ended: [] });
  other?.end(false);
  pages.flush();
  await settled();
  expect(saved[2]).toEqual({ opened: [], grown: [], ended: [first.id, second.id] });
});

test('all answers to a request are found by the id of the first one, and dropped with it', () => {
  const first: JournalEntry = { ...opening(), prompt: [1], state, tokens: [] };
  const choices = [2, 1].map((index): JournalEntry => ({
    ...{ ...opening(), prompt: [1], state, tokens: [] },
    choice: { of: first.id, index, count: 3 },
  }));
  const over: JournalEntry[] = [];
  const init = { waitMs: 1e6, onOver: (entries: JournalEntry[]) => over.push(...entries) };
  const suspended = new SuspendedAnswers([...choices, first], init);
  expect(suspended.choicesOf(first)).toEqual([first, choices[1], choices[0]]);
  expect(suspended.find('ada', first.id)).toBe(first);
  expect(suspended.find('ada', choices[0]?.id ?? '')).toBeUndefined();
  expect(suspended.drop(first.id)).toBe(true);
  expect(over).toHaveLength(3);
  expect(suspended.list).toEqual([]);
  suspended.stop();
});

test('a suspended answer is its owner’s, is taken once, and can be given back or dropped', () => {
  const entry: JournalEntry = { ...opening(), prompt: [1], state, tokens: [] };
  const over: JournalEntry[] = [];
  const ended: string[] = [];
  const suspended = new SuspendedAnswers([entry], {
    waitMs: 1e6,
    onOver: (entries) => over.push(...entries),
  });
  const { id } = entry;
  expect(suspended.find('bert', id)).toBeUndefined();
  expect(suspended.find('ada', id)).toBe(entry);
  suspended.take(entry, () => ended.push(id));
  expect(suspended.find('ada', id)).toBeUndefined();
  suspended.giveBack(entry);
  expect(suspended.list).toEqual([entry]);
  suspended.take(entry, () => ended.push(id));
  expect(suspended.drop(id)).toBe(true);
  expect({ over, ended }).toEqual({ over: [entry], ended: [id] });
  suspended.giveBack(entry);
  expect(suspended.list).toEqual([]);
  suspended.stop();
});
