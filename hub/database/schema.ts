/** Tables of the hub's database. `migrations.ts` makes them; both change together. */
import type { DeploymentPlan, HistoryKind, KeyLimits, PredictedAnswer, Sampling, Scope } from '@potluck/api';
import type { LikelyToken } from '@potluck/api/likely-tokens';
import type { NodeSpeed } from '../workers/speedBook.ts';
import { integer, real, sqliteTable, text } from './drizzle.ts';
import type { Recovery } from '../generation/attempt.ts';
import type { StageRecord, Timeline } from '../generation/requestRecord.ts';

/** One row for each generation, from its start on. */
export const requests = sqliteTable('requests', {
  id: text().primaryKey(),
  /** Unix milliseconds. */
  createdAt: integer('created_at').notNull(),
  finishedAt: integer('finished_at'),
  model: text().notNull(),
  status: text({ enum: ['running', 'done', 'failed', 'cancelled', 'interrupted', 'refused'] }).notNull(),
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
  owner: text().notNull(),
  keyId: text('key_id'),
  keyName: text('key_name'),
  source: text({ enum: ['chat', 'api'] }).notNull(),
  decodeTokensPerSecond: real('decode_tokens_per_second'),
  replays: integer().notNull(),
  recovery: text({ mode: 'json' }).$type<Recovery>(),
  chunkTokens: integer('chunk_tokens'),
  predicted: text({ mode: 'json' }).$type<PredictedAnswer>(),
  prompt: text({ mode: 'json' }).$type<{ role: string; content: string }[]>(),
  answer: text(),
  cachedTokens: integer('cached_tokens'),
  timeline: text({ mode: 'json' }).$type<Timeline>(),
  times: integer().notNull(),
  isTemporary: integer('is_temporary', { mode: 'boolean' }).notNull(),
});

/** What happened, and who changed what. */
export const history = sqliteTable('history', {
  id: integer().primaryKey(),
  /** Unix milliseconds. */
  at: integer().notNull(),
  kind: text().$type<HistoryKind>().notNull(),
  /** Names of that time. */
  node: text(),
  model: text(),
  actor: text(),
  detail: text({ mode: 'json' }).$type<Record<string, string>>().notNull(),
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
  /** The operator's name for it. */
  givenName: text('given_name'),
  mode: text({ enum: ['active', 'paused', 'draining', 'drained', 'waiting'] }).notNull(),
  bannedBecause: text('banned_because'),
  /** Which run of it joined last. */
  instanceId: text('instance_id'),
  /** How fast it was. */
  speed: text({ mode: 'json' }).$type<NodeSpeed>(),
});

/** Conversations; whose they are is a request's `owner`. */
export const conversations = sqliteTable('conversations', {
  id: text().primaryKey(),
  owner: text().notNull(),
  title: text().notNull(),
  model: text(),
  systemPrompt: text('system_prompt').notNull(),
  sampling: text({ mode: 'json' }).$type<Sampling>().notNull(),
  currentMessageId: text('current_message_id'),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
});

/** Messages; a tree by `parent_id`. */
export const messages = sqliteTable('messages', {
  id: text().primaryKey(),
  conversationId: text('conversation_id').notNull(),
  parentId: text('parent_id'),
  role: text({ enum: ['user', 'assistant'] }).notNull(),
  content: text().notNull(),
  status: text({ enum: ['done', 'streaming', 'stopped', 'failed', 'interrupted'] }).notNull(),
  error: text(),
  model: text(),
  requestId: text('request_id'),
  tokens: text({ mode: 'json' }).$type<LikelyToken[]>(),
  createdAt: integer('created_at').notNull(),
});

/** Answers of `/v1/responses`. */
export const responses = sqliteTable('responses', {
  id: text().primaryKey(),
  owner: text().notNull(),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at').notNull(),
  previousId: text('previous_id'),
  status: text({ enum: ['running', 'done', 'interrupted'] }).notNull(),
  response: text({ mode: 'json' }).$type<Record<string, unknown>>().notNull(),
  input: text({ mode: 'json' }).$type<Record<string, unknown>[]>().notNull(),
  replay: text({ mode: 'json' }).$type<Record<string, unknown>>(),
  bytes: integer().notNull(),
});

/** API keys; only a hash of each is kept. */
export const apiKeys = sqliteTable('api_keys', {
  id: text().primaryKey(),
  name: text().notNull(),
  prefix: text().notNull(),
  hash: text().notNull(),
  scopes: text({ mode: 'json' }).$type<Scope[]>().notNull(),
  limits: text({ mode: 'json' }).$type<KeyLimits>().notNull(),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at'),
  revokedAt: integer('revoked_at'),
  lastUsedAt: integer('last_used_at'),
});

/** Join tokens beside the hub's own; only a hash of each is kept. */
export const joinTokens = sqliteTable('join_tokens', {
  id: text().primaryKey(),
  name: text().notNull(),
  prefix: text().notNull(),
  hash: text().notNull(),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at'),
  revokedAt: integer('revoked_at'),
  lastUsedAt: integer('last_used_at'),
});

/** Invites; only hashes of their secrets and codes are kept. */
export const invites = sqliteTable('invites', {
  id: text().primaryKey(),
  name: text().notNull(),
  prefix: text().notNull(),
  hash: text().notNull(),
  codeHash: text('code_hash'),
  codeExpiresAt: integer('code_expires_at'),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at').notNull(),
  revokedAt: integer('revoked_at'),
  lastUsedAt: integer('last_used_at'),
  mostUses: integer('most_uses').notNull(),
  uses: integer().notNull(),
  keyId: text('key_id').notNull(),
  tokenIds: text('token_ids', { mode: 'json' }).$type<string[]>().notNull(),
});

/** Logins of browsers; only a hash of each cookie is kept. */
export const logins = sqliteTable('logins', {
  hash: text().primaryKey(),
  scopes: text({ mode: 'json' }).$type<Scope[]>().notNull(),
  /** The API key with which it was made. */
  keyId: text('key_id'),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at').notNull(),
});

/** Deployments that were made through the API. */
export const deployments = sqliteTable('deployments', {
  model: text().primaryKey(),
  plan: text({ mode: 'json' }).$type<DeploymentPlan>().notNull(),
  createdAt: integer('created_at').notNull(),
});

/** Models on their way in. */
export const imports = sqliteTable('imports', {
  id: text().primaryKey(),
  createdAt: integer('created_at').notNull(),
  record: text({ mode: 'json' }).$type<unknown>().notNull(),
});

/** One JSON value for each name: settings, the administrator's password. */
export const values = sqliteTable('hub_values', {
  name: text().primaryKey(),
  value: text({ mode: 'json' }).$type<unknown>().notNull(),
});

/** One row: the epoch of the hub that leads, and the number of its last write; both 0 where no hub has led. */
export const leadership = sqliteTable('leadership', {
  id: integer().primaryKey(),
  epoch: integer().notNull(),
  lastWrite: integer('last_write').notNull(),
});
