/** Answers of `/v1/responses` in the database. */
import type { SQL } from 'drizzle-orm';
import type { LibSQLDatabase } from 'drizzle-orm/libsql';
import { responseBounds, type ResponseStore } from '../conversations/responseStore.ts';
import { and, eq, gt, lte, not, or, lt, sql } from './drizzle.ts';
import { responses } from './schema.ts';

/** @param bounds of what is kept for one owner */
export function responseStore(database: LibSQLDatabase, bounds = responseBounds): ResponseStore {
  const own = (owner: string, id: string): SQL | undefined =>
    and(eq(responses.owner, owner), eq(responses.id, id));
  return {
    add: async (row) => {
      await database.insert(responses).values(row);
      await database.run(sql`
        DELETE FROM responses WHERE id IN (
          SELECT id FROM (
            SELECT id,
              row_number() OVER newest AS place,
              sum(bytes) OVER (newest ROWS UNBOUNDED PRECEDING) AS total
            FROM responses WHERE owner = ${row.owner}
            WINDOW newest AS (ORDER BY created_at DESC, id DESC)
          ) WHERE id <> ${row.id} AND (place > ${bounds.count} OR total > ${bounds.bytes})
        )`);
    },
    finish: async (owner, id, end) => {
      await database.update(responses).set(end).where(own(owner, id));
    },
    find: async (owner, id) =>
      (
        await database
          .select()
          .from(responses)
          .where(and(own(owner, id), gt(responses.expiresAt, Date.now())))
      )[0],
    remove: async (owner, id) => (await database.delete(responses).where(own(owner, id))).rowsAffected > 0,
    expire: async (now, madeBefore = 0) =>
      (
        await database
          .delete(responses)
          .where(or(lte(responses.expiresAt, now), lt(responses.createdAt, madeBefore)))
      ).rowsAffected,
    interruptRunning: async () => {
      const goesOn = sql`${responses.id} IN (SELECT 'resp_' || replace(id, '-', '') FROM journal)`;
      await database
        .update(responses)
        .set({ status: 'interrupted' })
        .where(and(eq(responses.status, 'running'), not(goesOn)));
    },
  };
}
