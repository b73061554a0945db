/**
 * Drizzle, by its CommonJS files: where they are ES modules, Node reads their package.json of 180 KB anew for each of
 * them, which was more than half of the time that a hub took to start.
 */
import type * as drizzleOrm from 'drizzle-orm';
import type * as libsql from 'drizzle-orm/libsql';
import type * as sqliteCore from 'drizzle-orm/sqlite-core';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const {
  and,
  asc,
  count,
  desc,
  eq,
  getTableColumns,
  getTableName,
  gt,
  gte,
  inArray,
  isNotNull,
  lt,
  lte,
  ne,
  not,
  or,
  sql,
} = require('drizzle-orm') as typeof drizzleOrm;
export const { integer, real, sqliteTable, text } = require('drizzle-orm/sqlite-core') as typeof sqliteCore;
export const { drizzle } = require('drizzle-orm/libsql') as typeof libsql;
