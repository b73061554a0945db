import { randomUUID } from 'node:crypto';
import { CacheId, SamplingDescription, SessionId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { noRecovery } from '../generation/attempt.ts';
import type { JournalOpening, JournalState } from '../generation/journal/journalEntry.ts';
import { requestRecord } from '../testing/requestRecord.ts';
import { databaseKinds, fileDatabase } from '../testing/testDatabases.ts';

const state: JournalState = {
  ...{ cacheId: CacheId.parse(randomUUID()), epoch: 3, cachedTokens: 16, recovery: noRecovery, at: 5 },
  pauses: [{ fromMs: 1, toMs: 2, lost: ['one'] }],
};

function opening(createdAt: number, own?: JournalOpening['asked']['own']): JournalOpening {
  return {
    ...{
      id: SessionId.parse(randomUUID()),
      createdAt,
      model: 'm',
      modelDigest: 'd',
      stream: true,
      maxTokens: 9,
    },
    ...{ share: 's', cacheOwner: 's', systemTokens: 0, chunkTokens: 8, minTokens: 0, stopTokenIds: [2] },
    author: { owner: 'ada', keyId: null, keyName: null, source: 'api' },
    sampling: SamplingDescription.parse({ seed: 1 }),
    asked: { path: '/v1/chat/completions', bodyHash: 'h', ...(own ? { own } : {}) },
  };
}

test.each(databaseKinds)(
  'in $kind, answers under way are found again, with their tokens up to a gap; those that ended are not',
  async ({ start }) => {
    await using place = await start();
    const database = await place.open();
    const [first, second, over] = [opening(1, { body: 'a\0b', headers: {} }), opening(2), opening(3)];
    for (const [{ id }, status] of [
      [first, 'running'],
      [second, 'running'],
      [over, 'done'],
    ] as const)
      await database.requests.put(requestRecord({ id, status, completionTokens: 0 }));
    await database.journal.save({
      opened: [first, second, over].map((one) => ({ opening: one, prompt: [1, 70_000], state })),
      grown: [
        {
          id: first.id,
          position: 0,
          tokens: [{ token: 4 }, { token: 5, logprob: -1, topLogprobs: [] }],
          state,
        },
        { id: second.id, position: 0, tokens: [{ token: 6 }], state },
      ],
      ended: [],
    });
    const later = { ...state, epoch: 4 };
    await database.journal.save({
      opened: [],
      grown: [
        { id: first.id, position: 2, tokens: [{ token: 2, finish: 'stop' }], state: later },
        { id: second.id, position: 2, tokens: [{ token: 8 }], state: later },
      ],
      ended: [],
    });
    await database.requests.interruptRunning();
    const found = await database.journal.load();
    expect(found).toEqual([
      {
        ...{ ...first, prompt: [1, 70_000], state: later },
        tokens: [{ token: 4 }, { token: 5, logprob: -1, topLogprobs: [] }, { token: 2, finish: 'stop' }],
      },
      { ...second, prompt: [1, 70_000], state: later, tokens: [{ token: 6 }] },
    ]);
    expect(await database.requests.find(first.id)).toMatchObject({
      status: 'interrupted',
      completionTokens: 3,
    });
    await database.journal.save({ opened: [], grown: [], ended: [first.id, second.id] });
    expect(await database.journal.load()).toEqual([]);
    await database.close();
  },
);

test('an answer that ended is kept while another one to the same request is unfinished', async () => {
  await using place = await fileDatabase();
  const database = await place.open();
  const [first, alone] = [opening(1), opening(3)];
  const second = { ...opening(2), choice: { of: first.id, index: 1, count: 2 } };
  await database.requests.put(requestRecord({ id: first.id, status: 'done' }));
  await database.requests.put(requestRecord({ id: second.id, status: 'running' }));
  await database.requests.put(requestRecord({ id: alone.id, status: 'done' }));
  const opened = [first, second, alone].map((one) => ({ opening: one, prompt: [1], state }));
  await database.journal.save({ opened, grown: [], ended: [] });
  expect((await database.journal.load()).map(({ id }) => id)).toEqual([first.id, second.id]);
  await database.requests.put(requestRecord({ id: second.id, status: 'failed' }));
  expect(await database.journal.load()).toEqual([]);
  await database.close();
});
