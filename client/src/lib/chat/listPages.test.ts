import type { ConversationSummary } from '@potluck/api';
import { expect, test } from 'vitest';
import { countToRead, readFirst, type ListPage } from './listPages.ts';

const summaryOf = (number: number): ConversationSummary => ({
  ...{ id: String(number), title: `Number ${number}`, model: null, createdAt: 0, updatedAt: 0 },
  ...{ messageCount: 0, excerpt: null },
});
const idsOf = (list: readonly ConversationSummary[] = []): number[] => list.map(({ id }) => Number(id));

/** A hub that has so many, and notes how many it is asked for. */
function hubWith(count: number): {
  asked: number[];
  read: (limit: number, cursor: string | undefined) => Promise<ListPage>;
} {
  const asked: number[] = [];
  const read = (limit: number, cursor: string | undefined): Promise<ListPage> => {
    asked.push(limit);
    const start = Number(cursor ?? 0);
    const end = Math.min(start + limit, count);
    const conversations = Array.from({ length: end - start }, (_, index) => summaryOf(start + index));
    return Promise.resolve({ conversations, next: end < count ? String(end) : null });
  };
  return { asked, read };
}

test('a list that is read again is as long as it was shown, in whole pages', () => {
  expect([0, 1, 50, 51, 150, 307].map(countToRead)).toEqual([50, 50, 50, 100, 150, 350]);
});

test('as many are read as are wanted or there are, and it is known whether more follow', async () => {
  const many = hubWith(307);
  const some = await readFirst(300, many.read);
  expect(idsOf(some?.conversations)).toEqual(Array.from({ length: 300 }, (_, index) => index));
  expect(some?.next).toBe('300');
  expect(many.asked).toEqual([200, 100]);
  const all = await readFirst(350, many.read);
  expect(all?.conversations).toHaveLength(307);
  expect(all?.next).toBeNull();
  expect(await readFirst(50, hubWith(0).read)).toEqual({ conversations: [], next: null });
  // What can't be read whole leaves the list as it is.
  expect(await readFirst(50, () => Promise.resolve(undefined))).toBeUndefined();
});
