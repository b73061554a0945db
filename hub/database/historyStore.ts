/** What happened, in the database. */
import type { LibSQLDatabase } from 'drizzle-orm/libsql';
import type { HistoryStore } from '../live/history.ts';
import { and, desc, eq, inArray, lt, lte, or, sql } from './drizzle.ts';
import { history } from './schema.ts';

/** @param reading the same database, for lists */
export function historyStore(database: LibSQLDatabase, reading: LibSQLDatabase): HistoryStore {
  return {
    add: async (event) => {
      await database.insert(history).values(event);
    },
    list: ({ kinds, about, before }, limit) =>
      reading
        .select()
        .from(history)
        .where(
          and(
            kinds && inArray(history.kind, [...kinds]),
            about === undefined ? undefined : or(eq(history.node, about), eq(history.model, about)),
            before === undefined ? undefined : lt(history.id, before),
          ),
        )
        .orderBy(desc(history.id))
        .limit(limit),
    trim: async (most) => {
      await database.delete(history).where(lte(history.id, sql`(SELECT max(id) FROM history) - ${most}`));
    },
  };
}
