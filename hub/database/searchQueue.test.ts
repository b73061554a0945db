import { afterEach, beforeEach, expect, test } from 'vitest';
import { databaseThread, type DatabaseThread } from './databaseThread.ts';
import { SearchQueue, type Search } from './searchQueue.ts';

let thread: DatabaseThread;
beforeEach(() => {
  const rows = Array.from({ length: 60 }, (_, index) => `(${index}, '${'a'.repeat(2000)} soup ${index}')`);
  const begin = ['CREATE TABLE soups (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT'];
  begin.push(`INSERT INTO soups VALUES ${rows.join(', ')}`);
  thread = databaseThread({ url: 'file::memory:', busyTimeoutMs: 1000, begin });
});
afterEach(() => thread.close());

const ids = Array.from({ length: 60 }, (_, index) => 59 - index);
async function found(search: Search, each?: () => void): Promise<number[]> {
  const rowids: number[] = [];
  const some = (part: number[]): string => `SELECT id, name FROM soups WHERE id IN (${part.join()})`;
  for await (const { rowid } of search.matches(ids, (part) => ({
    toSQL: () => ({ sql: some(part), params: [] }),
  }))) {
    rowids.push(rowid);
    each?.();
  }
  return rowids;
}

test('what was found has the order that was asked for', async () => {
  expect(await found(new SearchQueue(thread).begin('ada', 'SOUP 5'))).toEqual(
    ids.filter((id) => `${id}`.startsWith('5')),
  );
});

test('a search that looks through too much says what to do', async () => {
  const enough = 60 * 3100;
  expect(await found(new SearchQueue(thread, enough).begin('ada', 'soup'))).toHaveLength(60);
  await expect(found(new SearchQueue(thread, enough / 2).begin('ada', 'soup'))).rejects.toThrow(
    /too much text to search at once.*search fewer/,
  );
});

test('a search whose reader goes in the middle takes no further step', async () => {
  const gone = new AbortController();
  const seen: number[] = [];
  const search = new SearchQueue(thread).begin('ada', 'soup', gone.signal);
  await expect(
    found(search, () => {
      seen.push(1);
      gone.abort();
    }),
  ).rejects.toMatchObject({ kind: 'cancelled' });
  expect(seen).toHaveLength(20);
});
