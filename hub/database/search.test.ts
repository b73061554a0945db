import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { requestRecord } from '../testing/requestRecord.ts';
import { databaseKinds, type TestDatabase } from '../testing/testDatabases.ts';
import type { Database } from './database.ts';

/** A search that compares nearly all of it at each place of a text of the letter alone. */
const hostile = `${'a'.repeat(199)}b`;
const mallory = 'key:mallory';
const ada = 'browser:ada';

/** Notes each promise's name when it is fulfilled. */
function order(): { names: string[]; note: (name: string, done: Promise<unknown>) => Promise<unknown> } {
  const names: string[] = [];
  return { names, note: (name, done) => done.then(() => names.push(name)) };
}

describe.each(databaseKinds)('in $kind', ({ start }) => {
  let place: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    place = await start();
  });
  beforeEach(async () => {
    database = await place.open();
  });
  afterEach(async () => {
    await database.close();
    await place.clear();
  });
  afterAll(() => place[Symbol.asyncDispose]());

  async function addConversation(owner: string, contents: string[]): Promise<void> {
    const id = `conversation of ${owner}`;
    const rest = { model: null, systemPrompt: '', sampling: {}, currentMessageId: null };
    await database.conversations.add({ ...rest, id, owner, title: 'Soups', createdAt: 1, updatedAt: 1 });
    for (const [index, content] of contents.entries()) {
      await database.conversations.addMessage({
        ...{
          id: `${id} ${index}`,
          conversationId: id,
          parentId: null,
          role: 'user',
          content,
          status: 'done',
        },
        ...{ error: null, model: null, requestId: null, tokens: null, createdAt: 1 },
      });
    }
  }

  test('while somebody searches long texts for a hostile one, others list, read and search', async () => {
    await addConversation(mallory, Array<string>(100).fill('a'.repeat(4000)));
    await addConversation(ada, ['Pea soup']);
    const { conversations } = database;
    const { names, note } = order();
    const searches = [1, 2, 3].map(() =>
      note('hostile', conversations.list(mallory, { search: hostile, limit: 50 })),
    );
    const searching = note('search', conversations.list(ada, { search: 'PEA', limit: 50 }));
    const reads = [
      note('list', conversations.list(ada, { limit: 50 })),
      note('messages', conversations.messages(`conversation of ${ada}`, 50)),
    ];
    await Promise.all([...searches, searching, ...reads]);
    expect(names.slice(0, 2).sort()).toEqual(['list', 'messages']);
    expect(names.slice(2)).toEqual(['search', 'hostile', 'hostile', 'hostile']);
  });

  test('while somebody searches many requests, others list and search theirs', async () => {
    const { requests } = database;
    const prompt = [{ role: 'user', content: 'a'.repeat(4000) }];
    for (let index = 0; index < 100; index++) {
      await requests.put(requestRecord({ owner: mallory, prompt, createdAt: index }));
    }
    await requests.put(requestRecord({ id: 'soup', owner: ada, answer: 'Pea soup', createdAt: 1000 }));
    const { names, note } = order();
    const find = (owner: string, text: string): Promise<unknown> =>
      requests.list({ owner, search: { text, mayRead: owner, mayReadApi: false } }, 50);
    const searches = [1, 2, 3].map(() => note('hostile', find(mallory, hostile)));
    const searching = note('search', find(ada, 'PEA'));
    const listing = note('list', requests.list({ owner: ada }, 50));
    await Promise.all([...searches, searching, listing]);
    expect(names).toEqual(['list', 'search', 'hostile', 'hostile', 'hostile']);
  });

  test('a search ends when its reader is gone', async () => {
    await addConversation(mallory, Array<string>(100).fill('a'.repeat(4000)));
    const gone = new AbortController();
    const found = database.conversations.list(mallory, { search: hostile, limit: 50, signal: gone.signal });
    gone.abort();
    await expect(found).rejects.toMatchObject({ kind: 'cancelled' });
  });

  test('a page of a search has its part and the number of all', async () => {
    const { requests } = database;
    for (let index = 0; index < 45; index++) {
      await requests.put(
        requestRecord({
          id: `${index}`.padStart(2, '0'),
          answer: index % 2 ? 'Leek' : 'Pea',
          createdAt: index % 3,
        }),
      );
    }
    const { owner } = requestRecord({});
    const filter = { search: { text: 'pea', mayRead: owner, mayReadApi: false } };
    const ids = (records: { id: string }[]): string[] => records.map(({ id }) => id);
    const all = await requests.page(filter, 100);
    expect(all.total).toBe(23);
    const first = await requests.page(filter, 10);
    const rest = await requests.page(filter, 100, first.records.at(-1));
    expect([first.total, rest.total]).toEqual([23, 23]);
    expect(ids([...first.records, ...rest.records])).toEqual(ids(all.records));
    expect(ids(await requests.list(filter, 100, first.records.at(-1)))).toEqual(ids(rest.records));
  });
});
