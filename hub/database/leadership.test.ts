import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { requestRecord } from '../testing/requestRecord.ts';
import { databaseKinds, type TestDatabase } from '../testing/testDatabases.ts';
import { LeadershipLostError } from './leadership.ts';

describe.each(databaseKinds)('in $kind', ({ start }) => {
  let place: TestDatabase;
  beforeAll(async () => {
    place = await start();
  });
  afterEach(() => place.clear());
  afterAll(() => place[Symbol.asyncDispose]());

  test('once a later epoch leads, nothing of a former one is written; everybody goes on reading', async () => {
    const [former, later] = [await place.open(), await place.open()];
    expect(await former.epoch()).toBe(0);
    await former.lead(1);
    await former.values.put('soup', 'leek');
    await former.requests.put(requestRecord({ id: 'one' }));
    await later.lead(2);
    const writes = [
      () => former.values.put('soup', 'pea'),
      () => former.requests.put(requestRecord({ id: 'two' })),
      () => former.requests.remove({ id: 'one' }),
      () => former.journal.save({ opened: [], grown: [], ended: ['one'] }),
      () => former.conversations.removeMessage('none', 'none'),
      () => former.lead(1),
      () => former.lead(2),
    ];
    for (const write of writes) await expect(write()).rejects.toBeInstanceOf(LeadershipLostError);
    expect(await former.epoch()).toBe(2);
    expect(await former.values.get('soup')).toBe('leek');
    await later.values.put('soup', 'tomato');
    expect((await former.requests.list({}, 9)).map(({ id }) => id)).toEqual(['one']);
    expect(await former.values.get('soup')).toBe('tomato');
    await former.close();
    await later.close();
  });

  test('a write that a server does late changes nothing that was written after it', async () => {
    const database = await place.open();
    await database.lead(5);
    for (const soup of ['leek', 'pea']) await database.values.put('soup', soup);
    const late = place.rows('INSERT INTO leading_writes VALUES (5, 2)', 'DELETE FROM hub_values');
    await expect(late).rejects.toThrow('a later write was done');
    expect(await database.values.get('soup')).toBe('pea');
    await database.close();
  });

  test('what is written while one takes over is written before that or not at all', async () => {
    const [former, later] = [await place.open(), await place.open()];
    await former.lead(1);
    const written = Promise.allSettled(
      Array.from({ length: 50 }, (_, index) =>
        former.requests.put(requestRecord({ id: `request ${index}` })),
      ),
    );
    await later.lead(2);
    const atTakeOver = (await later.requests.list({}, 99)).length;
    const outcomes = await written;
    expect((await later.requests.list({}, 99)).length).toBe(atTakeOver);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(atTakeOver);
    await former.close();
    await later.close();
  });
});
