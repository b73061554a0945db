/** What was asked of the hub in a time, summed up. */
import { z } from 'zod';
import { Count, Timestamp } from './common.ts';

/** Half of what was measured took at most `p50`, 19 of 20 at most `p95`, in milliseconds; each within 5 %. */
export const Percentiles = z.object({ p50: z.number(), p95: z.number() }).meta({ id: 'Percentiles' });
export type Percentiles = z.infer<typeof Percentiles>;

export const UsageNumbers = z
  .object({
    /** All that ended or run, without those that were refused. */
    requests: Count,
    /** Failed, or interrupted by a stop of the hub. */
    failed: Count,
    cancelled: Count,
    refused: Count,
    /** Failed ones of those that ended, from 0 to 1; null where none ended. */
    errorRate: z.number().nullable(),
    promptTokens: Count,
    /** Of `promptTokens`, those that were computed before. */
    cachedTokens: Count,
    completionTokens: Count,
    /** From arrival to the first token; null where nothing was measured. */
    firstTokenMs: Percentiles.nullable(),
    /** For each token after the first; null where nothing was measured. */
    tokenMs: Percentiles.nullable(),
  })
  .meta({ id: 'UsageNumbers' });
export type UsageNumbers = z.infer<typeof UsageNumbers>;

export const UsageRange = z.enum(['24h', '7d', '30d']);
export type UsageRange = z.infer<typeof UsageRange>;

export const UsageGrouping = z.enum(['model', 'key', 'node']);
export type UsageGrouping = z.infer<typeof UsageGrouping>;

/** A model, a key or a node. */
export const UsageGroup = UsageNumbers.extend({
  id: z.string().meta({
    description:
      'A name of a model or the id of a node; `key:` and the name of a key, or `chat` or `api` for requests without one',
  }),
  /** Empty for requests without a key, and for a request that was refused before its model was known. */
  name: z.string(),
}).meta({ id: 'UsageGroup' });
export type UsageGroup = z.infer<typeof UsageGroup>;

/** `GET /api/usage`. A request counts for each node that had a part in it. */
export const Usage = z
  .object({
    range: UsageRange,
    by: UsageGrouping,
    since: Timestamp,
    until: Timestamp,
    /** Length of a step, in milliseconds. */
    stepMs: Count,
    totals: UsageNumbers,
    /** Those with most requests, at most 50; what is more is in `totals` only. */
    groups: z.array(UsageGroup),
    /** Each step, oldest first; the last one is under way. */
    series: z.array(
      UsageNumbers.extend({
        at: Timestamp,
        /** Tokens read and written, by the id of a group. */
        tokens: z.record(z.string(), Count),
      }),
    ),
  })
  .meta({ id: 'Usage' });
export type Usage = z.infer<typeof Usage>;

export const UsageQuery = z.strictObject({
  range: UsageRange.default('24h'),
  by: UsageGrouping.default('model'),
  /** Of the reader's clock from UTC, so that days begin at midnight. */
  offsetMinutes: z.coerce.number().int().min(-840).max(840).default(0),
});
export type UsageQuery = z.infer<typeof UsageQuery>;
