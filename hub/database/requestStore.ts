/** Requests in the database. */
import type { SQL } from 'drizzle-orm';
import type { LibSQLDatabase } from 'drizzle-orm/libsql';
import type { RequestCursor, RequestFilter, RequestStore } from '../generation/requestStore.ts';
import { and, count, desc, eq, gt, gte, inArray, lt, lte, ne, or, sql } from './drizzle.ts';
import { requests } from './schema.ts';
import { contains } from './contains.ts';

/** Rows that are deleted at a time: what else is written meanwhile waits. */
const removedAtOnce = 200;

/** @param reading the same database, for what looks through many rows */
export function requestStore(database: LibSQLDatabase, reading: LibSQLDatabase): RequestStore {
  return {
    put: async (record) => {
      await database.insert(requests).values(record).onConflictDoUpdate({ target: requests.id, set: record });
    },
    find: async (id) => (await database.select().from(requests).where(eq(requests.id, id)))[0],
    list: (filter, limit, after) =>
      reading
        .select()
        .from(requests)
        .where(and(condition(filter), after && isAfter(after)))
        .orderBy(desc(requests.createdAt), desc(requests.id))
        .limit(limit),
    count: async (filter) => {
      const [row] = await reading.select({ count: count() }).from(requests).where(condition(filter));
      return row?.count ?? 0;
    },
    remove: async ({ id, ...filter }) => {
      const one = id === undefined ? undefined : eq(requests.id, id);
      const hasEnded = ne(requests.status, 'running');
      // An index finds one, and those of some age.
      const isQuick = id !== undefined || Object.keys(filter).every((name) => name === 'until');
      const found = await (isQuick ? database : reading)
        .select({ id: requests.id })
        .from(requests)
        .where(and(condition(filter), one, hasEnded));
      let removed = 0;
      for (let from = 0; from < found.length; from += removedAtOnce) {
        const ids = found.slice(from, from + removedAtOnce).map((row) => row.id);
        const { rowsAffected } = await database
          .delete(requests)
          .where(and(inArray(requests.id, ids), hasEnded));
        removed += rowsAffected;
      }
      return removed;
    },
    interruptRunning: async () => {
      await database.update(requests).set({ status: 'interrupted' }).where(eq(requests.status, 'running'));
    },
    tokensOf: async (keyId, since) => {
      const [row] = await database
        .select({ tokens: sql<number>`sum(${requests.promptTokens} + ${requests.completionTokens})` })
        .from(requests)
        .where(and(eq(requests.keyId, keyId), gt(requests.createdAt, since)));
      return row?.tokens ?? 0;
    },
  };
}

function condition({ status, model, source, since, until, owner, search }: RequestFilter): SQL | undefined {
  return and(
    status && eq(requests.status, status),
    model === undefined ? undefined : eq(requests.model, model),
    source && eq(requests.source, source),
    since === undefined ? undefined : gte(requests.createdAt, since),
    until === undefined ? undefined : lte(requests.createdAt, until),
    owner === undefined ? undefined : eq(requests.owner, owner),
    search && found(search),
  );
}

function found({ text, mayRead, mayReadApi }: NonNullable<RequestFilter['search']>): SQL | undefined {
  const { id, model, route, keyName, errorCode, errorMessage, prompt, answer, owner, source } = requests;
  const readable = or(eq(owner, mayRead), mayReadApi ? eq(source, 'api') : undefined);
  return or(
    ...[id, model, route, keyName, errorCode, errorMessage].map((column) => contains(column, text)),
    and(readable, or(said(prompt, text), contains(answer, text))),
  );
}

/** True where a message of the prompt holds the text. The column has JSON, whose names and signs nobody looks for. */
function said(prompt: typeof requests.prompt, text: string): SQL {
  return sql`EXISTS (SELECT 1 FROM json_each(${prompt}) AS one WHERE ${contains(sql`one.value ->> 'content'`, text)})`;
}

function isAfter({ createdAt, id }: RequestCursor): SQL | undefined {
  const isLater = or(
    lt(requests.createdAt, createdAt),
    and(eq(requests.createdAt, createdAt), lt(requests.id, id)),
  );
  // With this alone the index leads there; the other condition looks at all rows before, for each page again.
  return and(lte(requests.createdAt, createdAt), isLater);
}
