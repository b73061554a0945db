import { createHash, randomUUID } from 'node:crypto';
import { requestHeader } from '@potluck/api';
import { CacheId, SamplingDescription, SessionId } from '@potluck/protocol';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { noRecovery } from '../../generation/attempt.ts';
import type { JournalEntry } from '../../generation/journal/journalEntry.ts';
import { SuspendedAnswers } from '../../generation/journal/suspendedAnswers.ts';
import type { RequestRecord } from '../../generation/requestRecord.ts';
import { requestRecord } from '../../testing/requestRecord.ts';
import { apiErrorResponse, toApiError } from '../apiError.ts';
import { beginningOf } from './beginning.ts';
import { askedOf, eventsReadOf, namedRequest } from './namedRequest.ts';

const body = '{"stream": true}';
const id = SessionId.parse(randomUUID());

/** What a former run of the hub has of the answer to `body`. */
const entry: JournalEntry = {
  ...{ id, createdAt: 0, model: 'm', modelDigest: 'd', stream: true, maxTokens: 9, share: 's' },
  ...{ cacheOwner: 's', systemTokens: 0, chunkTokens: 8, minTokens: 0, stopTokenIds: [2] },
  author: { owner: 'ada', keyId: null, keyName: null, source: 'api' },
  sampling: SamplingDescription.parse({ seed: 1 }),
  asked: { path: '/ask', bodyHash: createHash('sha256').update(body).digest('hex') },
  ...{ prompt: [1], tokens: [{ token: 4 }] },
  state: { cacheId: CacheId.parse(randomUUID()), epoch: 1, recovery: noRecovery, at: 0 },
};

interface Hub {
  suspended: SuspendedAnswers;
  /** @param read events that the client has */
  ask: (read?: string, of?: string) => Promise<{ status: number; text: string }>;
}

async function hub(rows: Partial<RequestRecord>[], entries: JournalEntry[] = []): Promise<Hub> {
  const suspended = new SuspendedAnswers(entries, { waitMs: 1e6, onOver: () => undefined });
  suspended.stop();
  const records = rows.map((row) => requestRecord({ owner: 'ada', ...row }));
  const requests = { find: (of: string) => Promise.resolve(records.find((one) => one.id === of)) };
  const components = { suspended, requests, writes: { settled: () => Promise.resolve() } };
  const app = new Hono();
  app.post('/ask', async (c) => {
    c.set('caller', { scopes: ['ask'], via: 'local', owner: 'ada' });
    const [asked, eventsRead] = [await askedOf(c, false), eventsReadOf(c)];
    const named = { id: namedRequest(c), asked, eventsRead };
    const beginning = await beginningOf(c, components, named);
    if (beginning.suspended) return c.text('goes on');
    const { isAnew, seedToDraw } = beginning.draws;
    return c.text(isAnew ? `anew with seed ${seedToDraw}` : 'begins');
  });
  app.onError((error, c) => apiErrorResponse(c, toApiError(error)));
  return {
    suspended,
    ask: async (read = '0', of = id) => {
      const headers = { [requestHeader]: of, 'last-event-id': read };
      const response = await app.request('/ask', { method: 'POST', body, headers });
      return { status: response.status, text: await response.text() };
    },
  };
}

test('who has a part of an answer that the hub does not know hears so: another draw would end it with other words', async () => {
  const { ask } = await hub([]);
  expect(await ask()).toEqual({ status: 200, text: 'begins' });
  for (const read of ['3', '0.3']) {
    const { status, text } = await ask(read);
    expect(status).toBe(409);
    expect(text).toContain('knows no request');
  }
});

test('an answer is drawn as before where its connection was lost, and is not given again once it has ended', async () => {
  const { ask } = await hub([{ id, status: 'cancelled', seed: 17 }]);
  expect(await ask('3')).toEqual({ status: 200, text: 'anew with seed 17' });
  for (const [status, why] of [
    ['done', 'has ended'],
    ['failed', 'has ended'],
    ['interrupted', 'waited too long'],
  ] as const) {
    const other = await hub([{ id, status }]);
    const { status: code, text } = await other.ask('3');
    expect(code).toBe(409);
    expect(text).toContain(why);
  }
});

test('who comes back while a former connection still goes on with the answer waits until that has let it go', async () => {
  const { ask, suspended } = await hub([{ id, status: 'interrupted' }], [entry]);
  expect(await ask('1')).toEqual({ status: 200, text: 'goes on' });
  suspended.take(entry, () => undefined);
  const again = ask('1');
  await new Promise((resolve) => setImmediate(resolve));
  suspended.giveBack(entry);
  expect(await again).toEqual({ status: 200, text: 'goes on' });
  suspended.take(entry, () => undefined);
  expect((await ask('1')).text).toContain('is being answered');
});
