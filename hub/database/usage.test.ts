import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StageRecord } from '../generation/requestRecord.ts';
import { spanOf, sumUsage, type UsageSpan } from '../generation/usageSums.ts';
import { requestRecord } from '../testing/requestRecord.ts';
import { databaseKinds, type TestDatabase } from '../testing/testDatabases.ts';
import type { Database } from './database.ts';

const now = Date.UTC(2026, 4, 5, 12, 30);
const hour = 3_600_000;
const stage = (worker: string): StageRecord =>
  ({ workerId: worker, worker, firstLayer: 0, lastLayer: 1 }) as unknown as StageRecord;
const day = (by: UsageSpan['by'], owner?: string): UsageSpan => ({
  ...{ by, ...spanOf('24h', now, 0) },
  ...(owner === undefined ? {} : { owner }),
});

describe.each(databaseKinds)('in $kind', ({ start }) => {
  let place: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    place = await start();
    database = await place.open();
  });
  afterAll(async () => {
    await database.close();
    await place[Symbol.asyncDispose]();
  });

  test('requests are summed up by model, key and node, and in steps of time', async () => {
    const rows = [
      { createdAt: now, keyName: 'work', keyId: '1', firstTokenMs: 100, decodeTokensPerSecond: 50 },
      { createdAt: now - hour, source: 'chat', owner: 'ada', firstTokenMs: 1000 },
      { createdAt: now - hour, model: 'other', status: 'failed', errorCode: 'worker_lost' },
      { createdAt: now - hour, model: '', status: 'refused', times: 7, firstTokenMs: null },
      { createdAt: now - 24 * hour, model: 'of yesterday' },
    ] as const;
    for (const row of rows)
      await database.requests.put(
        requestRecord({
          promptTokens: 10,
          cachedTokens: 6,
          ...row,
          stages: [stage('a'), stage('b'), stage('a')],
        }),
      );
    const { totals, groups, series } = await sumUsage(database.usage, day('model'));
    expect(totals).toMatchObject({
      ...{ requests: 3, failed: 1, cancelled: 0, refused: 7 },
      ...{ promptTokens: 40, cachedTokens: 24, completionTokens: 16 },
    });
    expect(totals.errorRate).toBeCloseTo(1 / 3);
    expect(groups.map(({ id, requests }) => [id, requests])).toEqual([
      ['?', 0],
      ['test', 2],
      ['other', 1],
    ]);
    expect(series).toHaveLength(24);
    expect(series.slice(-2).map(({ at, requests }) => [(now - at) / hour, requests])).toEqual([
      [1.5, 2],
      [0.5, 1],
    ]);
    expect(series.at(-1)?.tokens).toEqual({ test: 14 });
    const { firstTokenMs, tokenMs } = groups[1] ?? {};
    for (const [measured, real] of [
      [firstTokenMs?.p50, 100],
      [firstTokenMs?.p95, 1000],
      [tokenMs?.p50, 20],
    ] as const)
      expect(Math.abs((measured ?? 0) / real - 1)).toBeLessThan(0.03);
    const keys = (await sumUsage(database.usage, day('key'))).groups;
    expect(keys.map(({ id, name }) => [id, name]).sort()).toEqual([
      ['api', ''],
      ['chat', ''],
      ['key:work', 'work'],
    ]);
    const byNode = await sumUsage(database.usage, day('node'));
    expect(byNode.totals).toEqual(totals);
    expect(byNode.groups.map(({ id, requests }) => [id, requests])).toEqual([
      ['a', 3],
      ['b', 3],
    ]);
    expect((await sumUsage(database.usage, day('model', 'ada'))).totals.requests).toBe(1);
  });

  test('many requests are summed up in parts, by an index that holds all that is summed', async () => {
    await place.rows(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
      INSERT INTO requests (id, created_at, model, status, stream, seed, prompt_tokens, completion_tokens, route, epoch,
        stages, owner, source, replays, first_token_ms, decode_tokens_per_second, cached_tokens, prompt, answer)
      SELECT 'many-' || i, ${Date.UTC(2026, 3, 20)} + i * 80000, 'model ' || (i % 5), 'done', 1, 1, 100, 50, '', 1,
        '[{"worker":"node ' || (i % 7) || '"}]', 'bob', 'api', 0, 100 + i % 900, 20 + i % 30, 10,
        '[{"role":"user","content":"${'soup '.repeat(100)}"}]', '${'peas '.repeat(100)}' FROM n`);
    const plan = await place.rows(
      'EXPLAIN QUERY PLAN SELECT sum(completion_tokens) FROM requests INDEXED BY requests_usage WHERE created_at > 1',
    );
    expect(JSON.stringify(plan)).toContain('COVERING INDEX requests_usage');
    let parts = 0;
    const counted = {
      async *usage(span: UsageSpan) {
        for await (const part of database.usage.usage(span)) {
          parts += 1;
          yield part;
        }
      },
    };
    const span = { by: 'model' as const, ...spanOf('30d', now, 0), owner: 'bob' };
    const { totals, groups } = await sumUsage(counted, span);
    expect(totals.requests).toBe(12_000);
    expect(groups).toHaveLength(5);
    expect(parts).toBeGreaterThanOrEqual(3);
  });
});
