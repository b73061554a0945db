import { expect, test } from 'vitest';
import { RefusedRequests, type Refusal } from './refusedRequests.ts';
import type { RequestRecord } from './requestRecord.ts';

const author = { owner: 'key:1', keyId: '1', keyName: 'work', source: 'api' } as const;
const refusal = (changes: Partial<Refusal> = {}): Refusal => ({
  ...{ author, model: 'soup', code: 'model_loading', message: 'soup is loading.' },
  ...changes,
});

function setUp() {
  const clock = { now: 1_000_000 };
  const written: RequestRecord[] = [];
  const trims: number[] = [];
  const book = new RefusedRequests({
    record: (row) => written.push(row),
    trim: (most) => trims.push(most),
    now: () => clock.now,
  });
  return { clock, written, trims, book };
}

test('a refused request is a row with who asked, for which model, and why', () => {
  const { book, written } = setUp();
  book.note(refusal());
  expect(written).toMatchObject([
    { ...author, model: 'soup', status: 'refused', errorMessage: 'soup is loading.', times: 1 },
  ]);
});

test('a flood of the same is one row a minute, written seldom', () => {
  const { book, written, clock } = setUp();
  for (let times = 0; times < 1024; times += 1) book.note(refusal());
  expect(new Set(written.map(({ id }) => id)).size).toBe(1);
  expect(written).toHaveLength(11);
  expect(written.at(-1)?.times).toBe(1024);
  clock.now += 60_000;
  book.note(refusal());
  expect(new Set(written.map(({ id }) => id)).size).toBe(2);
});

test('a flood of different names fills nothing', () => {
  const { book, written, trims } = setUp();
  for (let name = 0; name < 10_000; name += 1) book.note(refusal({ model: `${name}`.repeat(1000) }));
  expect(new Set(written.map(({ id }) => id)).size).toBe(51);
  expect(Math.max(...written.map(({ model }) => model.length))).toBe(100);
  expect(trims).toEqual([2000]);
});
