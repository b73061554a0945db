/** Tables of the hub's database. `migrations.ts` makes them; both change together. */
import { integer, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { StageRecord } from './requestRecord.ts';

/** One row for each generation, from its start on. */
export const requests = sqliteTable('requests', {
  id: text().primaryKey(),
  /** Unix milliseconds. */
  createdAt: integer('created_at').notNull(),
  finishedAt: integer('finished_at'),
  model: text().notNull(),
  status: text({ enum: ['running', 'done', 'failed', 'cancelled', 'interrupted'] }).notNull(),
  stream: integer({ mode: 'boolean' }).notNull(),
  seed: integer().notNull(),
  promptTokens: integer('prompt_tokens').notNull(),
  completionTokens: integer('completion_tokens').notNull(),
  finishReason: text('finish_reason'),
  errorCode: text('error_code'),
  errorMessage: text('error_message'),
  /** `worker[first-last],…`; layers counted from 0. */
  route: text().notNull(),
  epoch: integer().notNull(),
  queueMs: real('queue_ms'),
  firstTokenMs: real('first_token_ms'),
  totalMs: real('total_ms'),
  stages: text({ mode: 'json' }).$type<StageRecord[]>().notNull(),
});

/** One row for each worker that ever joined. */
export const nodes = sqliteTable('nodes', {
  id: text().primaryKey(),
  name: text().notNull(),
  kind: text({ enum: ['node', 'browser'] }).notNull(),
  device: text().notNull(),
  version: text().notNull(),
  memoryBytes: integer('memory_bytes').notNull(),
  /** Unix milliseconds. */
  firstJoinedAt: integer('first_joined_at').notNull(),
  lastJoinedAt: integer('last_joined_at').notNull(),
  lastLeftAt: integer('last_left_at'),
  lastLeftReason: text('last_left_reason'),
});
