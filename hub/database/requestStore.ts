/** Requests in the database. */
import type { SQL } from 'drizzle-orm';
import type { LibSQLDatabase } from 'drizzle-orm/libsql';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { RequestRecord } from '../generation/requestRecord.ts';
import type { RequestCursor, RequestFilter, RequestStore } from '../generation/requestStore.ts';
import { and, count, desc, eq, gt, gte, inArray, lt, lte, ne, or, sql } from './drizzle.ts';
import { requests } from './schema.ts';
import type { SearchQueue } from './searchQueue.ts';

/** Rows that are deleted at a time: what else is written meanwhile waits. */
const removedAtOnce = 200;

/** Requests that a search looks through before it reads where to go on. */
const searchedAtOnce = 500;

/** @param reading the same database, for lists @param searches in it */
export function requestStore(
  database: LibSQLDatabase,
  reading: LibSQLDatabase,
  searches: SearchQueue,
): RequestStore {
  const listed = (where: SQL | undefined, limit: number): Promise<RequestRecord[]> =>
    reading
      .select()
      .from(requests)
      .where(where)
      .orderBy(desc(requests.createdAt), desc(requests.id))
      .limit(limit);
  /** Which requests hold the text, newest first; each step of the search follows when it is asked for. */
  async function* searched(
    { search: { text, ...reader }, ...filter }: SearchFilter,
    after?: RequestCursor,
    signal?: AbortSignal,
  ): AsyncGenerator<RequestCursor> {
    const search = searches.begin(reader.mayRead, text, signal);
    const rowid = sql<number>`${requests}.rowid`;
    for (let last = after; ;) {
      const rows = await search.rows(
        reading
          .select({ rowid, createdAt: requests.createdAt, id: requests.id })
          .from(requests)
          .where(and(condition(filter), last && isAfter(last)))
          .orderBy(desc(requests.createdAt), desc(requests.id))
          .limit(searchedAtOnce),
      );
      const page = new Map(
        (rows as [number, number, string][]).map(([row, createdAt, id]) => [row, { createdAt, id }]),
      );
      const steps = search.matches([...page.keys()], (some) =>
        reading
          .select({ rowid, ...searchedTexts(reader) })
          .from(requests)
          .where(inArray(rowid, some)),
      );
      for await (const { rowid: row } of steps) {
        const place = page.get(row);
        if (place) yield place;
      }
      last = [...page.values()].at(-1);
      if (page.size < searchedAtOnce) return;
    }
  }
  const list = async (
    filter: RequestFilter,
    limit: number,
    after?: RequestCursor,
    signal?: AbortSignal,
  ): Promise<RequestRecord[]> => {
    if (!hasSearch(filter)) return listed(and(condition(filter), after && isAfter(after)), limit);
    const ids: string[] = [];
    for await (const { id } of searched(filter, after, signal)) {
      ids.push(id);
      if (ids.length === limit) break;
    }
    return listed(inArray(requests.id, ids), limit);
  };
  return {
    put: async (record) => {
      // Of an id that was used twice while nobody could look it up, whoever was first keeps the row.
      const setWhere = eq(requests.owner, record.owner);
      await database
        .insert(requests)
        .values(record)
        .onConflictDoUpdate({ target: requests.id, set: record, setWhere });
    },
    find: async (id) => (await database.select().from(requests).where(eq(requests.id, id)))[0],
    list,
    page: async (filter, limit, after, signal) => {
      if (!hasSearch(filter)) {
        const [row] = await reading.select({ count: count() }).from(requests).where(condition(filter));
        return { records: await list(filter, limit, after), total: row?.count ?? 0 };
      }
      const ids: string[] = [];
      let total = 0;
      for await (const found of searched(filter, undefined, signal)) {
        total += 1;
        if (ids.length < limit && (!after || follows(found, after))) ids.push(found.id);
      }
      return { records: await listed(inArray(requests.id, ids), limit), total };
    },
    remove: async ({ id, ...filter }) => {
      const one = id === undefined ? undefined : eq(requests.id, id);
      const hasEnded = ne(requests.status, 'running');
      // An index finds one, and those of some age.
      const isQuick = id !== undefined || Object.keys(filter).every((name) => name === 'until');
      const where = and(condition(filter), one, hasEnded);
      const found = hasSearch(filter)
        ? await collected(searched(filter))
        : await (isQuick ? database : reading).select({ id: requests.id }).from(requests).where(where);
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
    trimRefused: async (most) => {
      const isRefused = eq(requests.status, 'refused');
      const [first] = await database
        .select({ createdAt: requests.createdAt })
        .from(requests)
        .where(isRefused)
        .orderBy(desc(requests.createdAt), desc(requests.id))
        .limit(1)
        .offset(most);
      if (!first) return 0;
      const { rowsAffected } = await database
        .delete(requests)
        .where(and(isRefused, lte(requests.createdAt, first.createdAt)));
      return rowsAffected;
    },
    interruptRunning: async () => {
      const known = sql`SELECT sum(json_array_length(tokens)) FROM journal_tokens WHERE journal_tokens.id = requests.id`;
      await database
        .update(requests)
        .set({
          status: 'interrupted',
          completionTokens: sql`max(${requests.completionTokens}, coalesce((${known}), 0))`,
        })
        .where(eq(requests.status, 'running'));
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

function condition({
  status,
  model,
  source,
  since,
  until,
  owner,
}: Omit<RequestFilter, 'search'>): SQL | undefined {
  return and(
    status && eq(requests.status, status),
    model === undefined ? undefined : eq(requests.model, model),
    source && eq(requests.source, source),
    since === undefined ? undefined : gte(requests.createdAt, since),
    until === undefined ? undefined : lte(requests.createdAt, until),
    owner === undefined ? undefined : eq(requests.owner, owner),
  );
}

type SearchFilter = RequestFilter & Required<Pick<RequestFilter, 'search'>>;

function hasSearch(filter: RequestFilter): filter is SearchFilter {
  return filter.search !== undefined;
}

async function collected<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Where a search looks. */
function searchedTexts({
  mayRead,
  mayReadApi,
}: Omit<SearchFilter['search'], 'text'>): Record<string, SQL | SQLiteColumn> {
  const { id, model, stages, keyName, errorCode, errorMessage, prompt, answer, owner, source } = requests;
  const readable = or(eq(owner, mayRead), mayReadApi ? eq(source, 'api') : undefined);
  // The column has JSON, whose names and signs nobody looks for. Nobody types the sign between two messages.
  const said = sql`(SELECT group_concat(one.value ->> 'content', char(30)) FROM json_each(${prompt}) AS one)`;
  // Names as people know them: in the route they are encoded.
  const devices = sql`(SELECT group_concat(one.value ->> 'worker', char(30)) FROM json_each(${stages}) AS one)`;
  const ifReadable = (words: SQL | SQLiteColumn): SQL => sql`CASE WHEN ${readable} THEN ${words} END`;
  return {
    ...{ id, model, devices, keyName, errorCode, errorMessage },
    prompt: ifReadable(said),
    answer: ifReadable(answer),
  };
}

function isAfter({ createdAt, id }: RequestCursor): SQL | undefined {
  const isLater = or(
    lt(requests.createdAt, createdAt),
    and(eq(requests.createdAt, createdAt), lt(requests.id, id)),
  );
  // With this alone the index leads there; the other condition looks at all rows before, for each page again.
  return and(lte(requests.createdAt, createdAt), isLater);
}

/** True where a request comes later in the list than the cursor. */
function follows({ createdAt, id }: RequestCursor, after: RequestCursor): boolean {
  return createdAt < after.createdAt || (createdAt === after.createdAt && id < after.id);
}
