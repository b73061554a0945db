/** Conversations in the database. Every question names the owner: nobody sees another's. */
import type { SQL } from 'drizzle-orm';
import type { LibSQLDatabase } from 'drizzle-orm/libsql';
import type {
  ConversationRow,
  ConversationStore,
  ListedConversation,
  MessageRow,
} from '../conversations/conversationStore.ts';
import { and, asc, desc, eq, gt, gte, inArray, lt, lte, not, or, sql } from './drizzle.ts';
import { conversations, messages } from './schema.ts';
import type { Search, SearchQueue } from './searchQueue.ts';
import { placeOf } from './textSearch.ts';

/** Place in the list of conversations, last changed first. */
type Place = Pick<ConversationRow, 'updatedAt' | 'id'>;

/** Conversations that a search looks through at a time. */
const searchedAtOnce = 50;

/** @param reading the same database, for lists @param searches in it */
export function conversationStore(
  database: LibSQLDatabase,
  reading: LibSQLDatabase,
  searches: SearchQueue,
): ConversationStore {
  const own = (owner: string, id: string): SQL | undefined =>
    and(eq(conversations.owner, owner), eq(conversations.id, id));
  const listed = async (where: SQL | undefined, limit: number): Promise<ListedConversation[]> => {
    const rows = await reading
      .select({
        conversation: conversations,
        messageCount: sql<number>`(SELECT count(*) FROM ${messages} WHERE ${ofConversation})`,
      })
      .from(conversations)
      .where(where)
      .orderBy(desc(conversations.updatedAt), desc(conversations.id))
      .limit(limit);
    return rows.map(({ conversation, messageCount }) => ({ ...conversation, messageCount, excerpt: null }));
  };
  /** The first conversations whose title or messages hold the text, each with the excerpt of a message. */
  const searched = async (
    owner: string,
    text: string,
    limit: number,
    after: Place | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Map<string, string | null>> => {
    const search = searches.begin(owner, text, signal);
    const found = new Map<string, string | null>();
    for (let last = after; ;) {
      const page = await listedTitles(owner, last);
      const excerpts = await excerptsIn(
        search,
        page.map(({ id }) => id),
      );
      for (const { id, title } of page) {
        if (found.size < limit && (excerpts.has(id) || placeOf(title, text) !== undefined)) {
          found.set(id, excerpts.get(id) ?? null);
        }
      }
      last = page.at(-1);
      if (found.size === limit || page.length < searchedAtOnce) return found;
    }
  };
  const listedTitles = (owner: string, after: Place | undefined): Promise<(Place & { title: string })[]> =>
    reading
      .select({ id: conversations.id, updatedAt: conversations.updatedAt, title: conversations.title })
      .from(conversations)
      .where(and(eq(conversations.owner, owner), after && isAfter(after)))
      .orderBy(desc(conversations.updatedAt), desc(conversations.id))
      .limit(searchedAtOnce);
  /** Of those conversations that have a message with the text, the first such message's excerpt. */
  const excerptsIn = async (search: Search, ids: string[]): Promise<Map<string, string>> => {
    const rowid = sql<number>`${messages}.rowid`;
    const rows = await search.rows(
      reading
        .select({ rowid, conversationId: messages.conversationId })
        .from(messages)
        .where(inArray(messages.conversationId, ids))
        .orderBy(asc(messages.conversationId), asc(messages.createdAt), rowid),
    );
    const conversationOf = new Map(rows as [number, string][]);
    const matches = search.matches([...conversationOf.keys()], (some) =>
      reading.select({ rowid, content: messages.content }).from(messages).where(inArray(rowid, some)),
    );
    const excerpts = new Map<string, string>();
    for await (const match of matches) {
      const id = conversationOf.get(match.rowid) ?? '';
      if (!excerpts.has(id)) excerpts.set(id, match.excerpt);
    }
    return excerpts;
  };
  return {
    list: async (owner, { search, limit, after, signal }) => {
      if (search === undefined)
        return listed(and(eq(conversations.owner, owner), after && isAfter(after)), limit);
      const excerpts = await searched(owner, search, limit, after, signal);
      const rows = await listed(inArray(conversations.id, [...excerpts.keys()]), limit);
      return rows.map((row) => ({ ...row, excerpt: excerpts.get(row.id) ?? null }));
    },
    find: async (owner, id) => (await database.select().from(conversations).where(own(owner, id)))[0],
    add: async (row) =>
      (await database.insert(conversations).values(row).onConflictDoNothing()).rowsAffected === 1,
    change: async (owner, id, change) => {
      await database.update(conversations).set(change).where(own(owner, id));
    },
    remove: async (owner, id) => {
      const { rowsAffected } = await database.delete(conversations).where(own(owner, id));
      if (rowsAffected > 0) await database.delete(messages).where(eq(messages.conversationId, id));
      return rowsAffected > 0;
    },
    removeAll: async (owner) => {
      const ids = sql`SELECT ${conversations.id} FROM ${conversations} WHERE ${conversations.owner} = ${owner}`;
      await database.delete(messages).where(sql`${messages.conversationId} IN (${ids})`);
      await database.delete(conversations).where(eq(conversations.owner, owner));
    },
    messages: (conversationId, limit, after) =>
      reading
        .select()
        .from(messages)
        .where(and(eq(messages.conversationId, conversationId), after && follows(after)))
        .orderBy(asc(messages.createdAt), asc(messages.id))
        .limit(limit),
    message: async (conversationId, id) =>
      (
        await database
          .select()
          .from(messages)
          .where(and(eq(messages.conversationId, conversationId), eq(messages.id, id)))
      )[0],
    hasMessage: async (id) =>
      (await database.select({ id: messages.id }).from(messages).where(eq(messages.id, id))).length > 0,
    addMessage: async (row) =>
      (await database.insert(messages).values(row).onConflictDoNothing()).rowsAffected === 1,
    changeMessage: async (conversationId, id, change) => {
      await database
        .update(messages)
        .set(change)
        .where(and(eq(messages.conversationId, conversationId), eq(messages.id, id)));
    },
    removeMessage: async (conversationId, id) => {
      const { rowsAffected } = await database.run(sql`
        WITH RECURSIVE following (id) AS (
          SELECT id FROM messages WHERE id = ${id} AND conversation_id = ${conversationId}
          UNION SELECT messages.id FROM messages JOIN following ON messages.parent_id = following.id
        )
        DELETE FROM messages WHERE id IN (SELECT id FROM following)`);
      return rowsAffected;
    },
    growing: async (owner, conversationId) => {
      const rows = await database
        .select({ requestId: messages.requestId })
        .from(messages)
        .innerJoin(conversations, eq(messages.conversationId, conversations.id))
        .where(
          and(
            eq(messages.status, 'streaming'),
            conversationId === undefined ? eq(conversations.owner, owner) : own(owner, conversationId),
          ),
        );
      return rows.flatMap(({ requestId }) => requestId ?? []);
    },
    interruptStreaming: async () => {
      const goesOn = sql`coalesce(${messages.requestId}, '') IN (SELECT id FROM journal)`;
      await database
        .update(messages)
        .set({ status: 'interrupted' })
        .where(and(eq(messages.status, 'streaming'), not(goesOn)));
    },
  };
}

/** Columns in full: in a question inside another, `id` would be the message's. */
const ofConversation = sql.raw('messages.conversation_id = conversations.id');

function follows({ createdAt, id }: Pick<MessageRow, 'createdAt' | 'id'>): SQL | undefined {
  const isLater = or(
    gt(messages.createdAt, createdAt),
    and(eq(messages.createdAt, createdAt), gt(messages.id, id)),
  );
  // With this alone the index leads there.
  return and(gte(messages.createdAt, createdAt), isLater);
}

function isAfter({ updatedAt, id }: Place): SQL | undefined {
  const isLater = or(
    lt(conversations.updatedAt, updatedAt),
    and(eq(conversations.updatedAt, updatedAt), lt(conversations.id, id)),
  );
  return and(lte(conversations.updatedAt, updatedAt), isLater);
}
