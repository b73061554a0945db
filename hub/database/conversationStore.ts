/** Conversations in the database. Every question names the owner: nobody sees another's. */
import type { SQL } from 'drizzle-orm';
import type { LibSQLDatabase } from 'drizzle-orm/libsql';
import type { ConversationStore, MessageRow } from '../conversations/conversationStore.ts';
import { contains, placeOf } from './contains.ts';
import { and, asc, desc, eq, gt, gte, lt, or, sql } from './drizzle.ts';
import { conversations, messages } from './schema.ts';

/** Characters around what a search found. */
const excerptCharacters = 120;

/** @param reading the same database, for what looks through many rows */
export function conversationStore(database: LibSQLDatabase, reading: LibSQLDatabase): ConversationStore {
  const own = (owner: string, id: string): SQL | undefined =>
    and(eq(conversations.owner, owner), eq(conversations.id, id));
  return {
    list: async (owner, { search, limit, after }) => {
      const inMessage = search === undefined ? sql`0` : messageWith(search);
      const rows = await reading
        .select({
          conversation: conversations,
          messageCount: sql<number>`(SELECT count(*) FROM ${messages} WHERE ${ofConversation})`,
          found: sql<
            string | null
          >`(SELECT ${messages.content} FROM ${messages} WHERE ${ofConversation} AND ${inMessage} LIMIT 1)`,
        })
        .from(conversations)
        .where(
          and(
            eq(conversations.owner, owner),
            after && isAfter(after),
            search === undefined
              ? undefined
              : or(
                  contains(conversations.title, search),
                  sql`EXISTS (SELECT 1 FROM ${messages} WHERE ${ofConversation} AND ${inMessage})`,
                ),
          ),
        )
        .orderBy(desc(conversations.updatedAt), desc(conversations.id))
        .limit(limit);
      return rows.map(({ conversation, messageCount, found }) => ({
        ...conversation,
        messageCount,
        excerpt: found === null || search === undefined ? null : excerptOf(found, search),
      }));
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
    interruptStreaming: async () => {
      await database.update(messages).set({ status: 'interrupted' }).where(eq(messages.status, 'streaming'));
    },
  };
}

/** Columns in full: in a question inside another, `id` would be the message's. */
const ofConversation = sql.raw('messages.conversation_id = conversations.id');

function messageWith(search: string): SQL {
  return contains(messages.content, search);
}

function follows({ createdAt, id }: Pick<MessageRow, 'createdAt' | 'id'>): SQL | undefined {
  const isLater = or(
    gt(messages.createdAt, createdAt),
    and(eq(messages.createdAt, createdAt), gt(messages.id, id)),
  );
  // With this alone the index leads there.
  return and(gte(messages.createdAt, createdAt), isLater);
}

function isAfter({ updatedAt, id }: { updatedAt: number; id: string }): SQL | undefined {
  return or(
    lt(conversations.updatedAt, updatedAt),
    and(eq(conversations.updatedAt, updatedAt), lt(conversations.id, id)),
  );
}

function excerptOf(text: string, search: string): string {
  const found = placeOf(text, search) ?? 0;
  const start = Math.max(0, found - excerptCharacters / 2);
  const end = start + excerptCharacters + search.length;
  return `${start > 0 ? '…' : ''}${text.slice(start, end)}${end < text.length ? '…' : ''}`;
}
