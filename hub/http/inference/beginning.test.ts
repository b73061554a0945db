import { DomainError } from '../../errors/domainError.ts';
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

/** As the database's own error, which these tests do not know. */
class Unreachable extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'database_unreachable';
}

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

/** Of a database that answers unless a test says otherwise. */
interface Away {
  isKnown: boolean;
  asked: number;
  answering: string[];
}

interface Hub {
  suspended: SuspendedAnswers;
  /** @param read events that the client has @param passedOn what another hub says */
  ask: (read?: string, passedOn?: object) => Promise<{ status: number; text: string }>;
}

async function hub(rows: Partial<RequestRecord>[], entries: JournalEntry[] = [], away?: Away): Promise<Hub> {
  const suspended = new SuspendedAnswers(entries, { waitMs: 1e6, onOver: () => undefined });
  suspended.stop();
  const records = rows.map((row) => requestRecord({ owner: 'ada', ...row }));
  const find = (of: string): Promise<RequestRecord | undefined> => {
    if (!away) return Promise.resolve(records.find((one) => one.id === of));
    away.asked += 1;
    away.isKnown = true;
    return Promise.reject(new Unreachable('The database server does not answer.'));
  };
  const components = {
    ...{ suspended, requests: { find }, writes: { settled: () => Promise.resolve() } },
    isAway: () => away?.isKnown === true,
    isAnswering: (of: string) => away?.answering.includes(of) === true,
  };
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
    ask: async (read = '0', passedOn) => {
      const headers = { [requestHeader]: id, 'last-event-id': read };
      const response = await app.request('/ask', { method: 'POST', body, headers }, { passedOn });
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

test('while the database is away, a new request begins at once, and who has a part of its answer hears why it does not go on', async () => {
  const away: Away = { isKnown: false, asked: 0, answering: [] };
  const { ask } = await hub([], [], away);
  for (let time = 0; time < 3; time++) {
    const { status, text } = await ask();
    expect([status, text]).toEqual([200, expect.stringContaining('anew with seed')]);
  }
  // It is known to be away from the first question on.
  expect(away.asked).toBe(1);
  const answer = { id, seed: 17, eventsRead: [0], isAgain: false };
  expect((await ask('0', { answer })).text).toBe('anew with seed 17');
  for (const again of [ask('3'), ask('0', { answer: { ...answer, isAgain: true } })]) {
    const { status, text } = await again;
    expect(status).toBe(503);
    expect(text).toContain('database_unreachable');
  }
});

test('while the database is away, nobody is given what this run answers, or goes on with', async () => {
  const away: Away = { isKnown: true, asked: 0, answering: [id] };
  const { ask } = await hub([], [], away);
  expect((await ask()).text).toContain('is being answered');
  const others = { ...entry, author: { ...entry.author, owner: 'bob' } };
  const other = await hub([], [others], { isKnown: true, asked: 0, answering: [] });
  expect((await other.ask()).text).toContain('Draw another UUID');
  const own = await hub([], [entry], { isKnown: true, asked: 0, answering: [] });
  expect((await own.ask()).text).toBe('goes on');
});
