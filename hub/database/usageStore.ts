/** Sums of requests, by the database: of a stretch of requests at a time, so that lists wait for one stretch at most. */
import type { InStatement, Value } from '@libsql/client';
import type { RequestRecord } from '../generation/requestRecord.ts';
import {
  binGrowth,
  leastBinMs,
  wholeGroup,
  type CountedRequests,
  type CountedTimes,
  type UsageSpan,
  type UsageStore,
} from '../generation/usageSums.ts';
import type { DatabaseThread } from './databaseThread.ts';

/** Requests of one stretch: some 20 ms of the database's thread. */
const summedAtOnce = 5000;

/** A node by its id, which stays when people rename it. Records of older versions have its name only. */
function nodeOf(stage: string): string {
  return `coalesce(${stage}.value ->> 'workerId', ${stage}.value ->> 'worker')`;
}

/** Group of a request. A model that was not read has none to be shown, and the whole has none either. */
const groups = {
  model: "CASE WHEN model = '' THEN '?' ELSE model END",
  key: "CASE WHEN key_name IS NULL THEN source ELSE 'key:' || key_name END",
  node: nodeOf('stage'),
} as const;

/** Each node once, also where it has several stages. */
const nodes = `requests, json_each(requests.stages) AS stage
  WHERE NOT EXISTS (SELECT 1 FROM json_each(requests.stages) AS other
    WHERE other.key < stage.key AND ${nodeOf('other')} = ${nodeOf('stage')}) AND`;

interface Stretch extends UsageSpan {
  from: number;
  to: number;
}

export function usageStore(thread: Pick<DatabaseThread, 'rows'>): UsageStore {
  return {
    async *usage(span) {
      for (let from = span.since; from < span.until;) {
        const [row] = await thread.rows({
          sql: 'SELECT created_at FROM requests WHERE created_at > ? AND created_at < ? ORDER BY created_at LIMIT 1 OFFSET ?',
          args: [from, span.until, summedAtOnce],
        });
        const to = (row?.[0] as number | undefined) ?? span.until;
        const stretch = { ...span, from, to };
        const parts = span.by === 'node' ? [groups.node, `'${wholeGroup}'`] : [groups[span.by]];
        for (const group of parts) {
          const rows = await thread.rows(sumStatement(stretch, group));
          yield {
            requests: rows.filter(([kind]) => kind === 'requests').map(countedRequests),
            times: rows.filter(([kind]) => kind !== 'requests').map(countedTimes),
          };
        }
        from = to;
      }
    },
  };
}

/** Reads the stretch once, and sums it up in three ways. */
function sumStatement({ from, to, since, stepMs, owner }: Stretch, group: string): InStatement {
  const source = group === groups.node ? nodes : 'requests INDEXED BY requests_usage WHERE';
  const binOf = (milliseconds: string): string =>
    `CAST(ln(max(${milliseconds}, ${leastBinMs}) / ${leastBinMs}) / ln(${binGrowth}) AS INTEGER)`;
  const times = (kind: CountedTimes['kind'], column: string, bin: string): string =>
    `SELECT '${kind}', step, name, ${bin}, count(*), 0, 0, 0 FROM part WHERE ${column} > 0 GROUP BY 2, 3, 4`;
  return {
    sql: `WITH part AS MATERIALIZED (
        SELECT CAST((created_at - :since) / :step AS INTEGER) AS step, ${group} AS name, status, times, prompt_tokens,
          coalesce(cached_tokens, 0) AS cached_tokens, completion_tokens, first_token_ms, decode_tokens_per_second
        FROM ${source} created_at >= :from AND created_at < :to ${owner === undefined ? '' : 'AND owner = :owner'}
      )
      SELECT 'requests', step, name, status, sum(times), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens)
        FROM part GROUP BY 2, 3, 4
      UNION ALL ${times('firstTokenMs', 'first_token_ms', binOf('first_token_ms'))}
      UNION ALL ${times('tokenMs', 'decode_tokens_per_second', binOf('1000.0 / decode_tokens_per_second'))}`,
    args: { since, step: stepMs, from, to, ...(owner === undefined ? {} : { owner }) },
  };
}

function countedRequests(row: Value[]): CountedRequests {
  const [, step, group, status, times, promptTokens, cachedTokens, completionTokens] = row as [
    ...[string, number, string, RequestRecord['status']],
    ...[number, number, number, number],
  ];
  return { step, group, status, times, promptTokens, cachedTokens, completionTokens };
}

function countedTimes(row: Value[]): CountedTimes {
  const [kind, step, group, bin, count] = row as [CountedTimes['kind'], number, string, number, number];
  return { step, group, kind, bin, count };
}
