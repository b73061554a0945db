import type { SQL } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { sql } from './drizzle.ts';

/** True where a column holds the text, whatever the case of its ASCII letters; `%` and `_` stand for themselves. */
export function contains(column: SQLiteColumn, text: string): SQL {
  const pattern = `%${text.replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`;
  return sql`${column} LIKE ${pattern} ESCAPE '\\'`;
}
