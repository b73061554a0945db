/** Conversations: seen only by the browser or key that wrote them. */
import { randomUUID } from 'node:crypto';
import type { OpenAPIHono } from '@hono/zod-openapi';
import {
  Conversation,
  ConversationChange,
  ConversationSummary,
  Message,
  NewConversation,
  NewMessage,
} from '@potluck/api';
import type { Context } from 'hono';
import { z } from 'zod';
import type {
  ConversationRow,
  ConversationStore,
  MessageRow,
} from '../../conversations/conversationStore.ts';
import type { WriteQueue } from '../../files/writeQueue.ts';
import type { Generator } from '../../generation/generator.ts';
import type { SuspendedAnswers } from '../../generation/journal/suspendedAnswers.ts';
import { ApiError } from '../apiError.ts';
import { longText, rowsInPages } from './longAnswer.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, done, noContent, route, takes } from './route.ts';

export interface ConversationRouteComponents {
  database: { conversations: ConversationStore };
  generator: Pick<Generator, 'cancel'>;
  goingOn: { suspended: Pick<SuspendedAnswers, 'drop'> };
  writes: Pick<WriteQueue, 'settled'>;
}

const tag = 'Conversations';
const params = z.object({ id: z.string() });
const messageParams = z.object({ id: z.string(), messageId: z.string() });
const Query = z.strictObject({
  search: z.string().trim().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(100).optional(),
});
const Page = z.object({ conversations: z.array(ConversationSummary), next: z.string().nullable() });

/** Routes to mount under `/conversations`. */
export function conversationRoutes({
  database,
  writes,
  generator,
  goingOn,
}: ConversationRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  const store = database.conversations;
  const find = async (owner: string, id: string): Promise<ConversationRow> => {
    const found = await store.find(owner, id);
    if (found) return found;
    throw new ApiError(404, `You have no conversation ${id}.`, { code: 'conversation_not_found' });
  };
  /** Answers with a conversation and its messages. */
  const sendWhole = async (c: Context, id: string, status: 200 | 201): Promise<never> => {
    // Growing answers are written behind the tokens.
    await writes.settled();
    const { owner: _owner, ...conversation } = await find(c.var.caller.owner, id);
    const rows = rowsInPages<MessageRow>((limit, last) => store.messages(id, limit, last));
    const headers = { 'content-type': 'application/json' };
    return c.body(longText(jsonOf(conversation, rows)), status, headers) as never;
  };
  const mustHave = async (id: string, messageId: string | null | undefined, param: string): Promise<void> => {
    if (messageId === null || messageId === undefined || (await store.message(id, messageId))) return;
    throw new ApiError(404, `The conversation has no message ${messageId}.`, {
      code: 'message_not_found',
      param,
    });
  };

  /** Ends the answers that grow there: nobody would read them. */
  const stopAnswers = async (owner: string, id?: string): Promise<void> => {
    for (const request of await store.growing(owner, id))
      if (!generator.cancel(request)) goingOn.suspended.drop(request);
  };

  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'Mine, last changed first', tag, scope: 'ask' },
      { request: { query: Query }, responses: { 200: answers(Page, 'A page of them') } },
    ),
    async (c) => {
      const { search, limit, cursor } = c.req.valid('query');
      const after = readCursor(cursor);
      const rows = await store.list(c.var.caller.owner, {
        limit: limit + 1,
        signal: c.req.raw.signal,
        ...(search ? { search } : {}),
        ...(after ? { after } : {}),
      });
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      const conversations = page.map(({ id, title, model, createdAt, updatedAt, messageCount, excerpt }) => ({
        id,
        title,
        model,
        createdAt,
        updatedAt,
        messageCount,
        excerpt,
      }));
      return c.json({ conversations, next: last ? `${last.updatedAt}~${last.id}` : null }, 200);
    },
  );

  app.openapi(
    route(
      { method: 'post', path: '/', summary: 'Begin one', tag, scope: 'ask' },
      { request: takes(NewConversation), responses: { 201: answers(Conversation, 'The conversation') } },
    ),
    async (c) => {
      const { owner } = c.var.caller;
      const { id = randomUUID(), ...given } = c.req.valid('json');
      const now = Date.now();
      const row = { id, owner, ...given, currentMessageId: null, createdAt: now, updatedAt: now };
      if (!(await store.add(row))) {
        throw new ApiError(409, `There is a conversation ${id} already.`, { code: 'conflict', param: 'id' });
      }
      return sendWhole(c, id, 201);
    },
  );

  app.openapi(
    route(
      { method: 'delete', path: '/', summary: 'Delete all of mine', tag, scope: 'ask' },
      { responses: { 204: done } },
    ),
    async (c) => {
      const { owner } = c.var.caller;
      await stopAnswers(owner);
      await store.removeAll(owner);
      return noContent(c);
    },
  );

  app.openapi(
    route(
      { method: 'get', path: '/{id}', summary: 'One with its messages', tag, scope: 'ask' },
      { request: { params }, responses: { 200: answers(Conversation, 'The conversation') } },
    ),
    (c) => sendWhole(c, c.req.valid('param').id, 200),
  );

  app.openapi(
    route(
      {
        method: 'patch',
        path: '/{id}',
        summary: 'Rename, choose model, prompt or branch',
        tag,
        scope: 'ask',
      },
      {
        request: { params, ...takes(ConversationChange) },
        responses: { 200: answers(Conversation, 'The conversation as it is now') },
      },
    ),
    async (c) => {
      const { owner } = c.var.caller;
      const { id } = await find(owner, c.req.valid('param').id);
      const change = c.req.valid('json');
      await mustHave(id, change.currentMessageId, 'currentMessageId');
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      // Who renames it, chooses settings or looks at another branch changes nothing of what was said: it keeps its place.
      if (Object.keys(given).length > 0) await store.change(owner, id, given);
      return sendWhole(c, id, 200);
    },
  );

  app.openapi(
    route(
      { method: 'delete', path: '/{id}', summary: 'Delete one', tag, scope: 'ask' },
      { request: { params }, responses: { 204: done } },
    ),
    async (c) => {
      const { owner } = c.var.caller;
      const { id } = await find(owner, c.req.valid('param').id);
      await stopAnswers(owner, id);
      await store.remove(owner, id);
      return noContent(c);
    },
  );

  app.openapi(
    route(
      { method: 'post', path: '/{id}/messages', summary: 'Add a message', tag, scope: 'ask' },
      {
        request: { params, ...takes(NewMessage) },
        responses: { 201: answers(Message, 'The message; it is the current one now') },
      },
    ),
    async (c) => {
      const { owner } = c.var.caller;
      const { id: conversationId } = await find(owner, c.req.valid('param').id);
      const { id = randomUUID(), createdAt = Date.now(), ...given } = c.req.valid('json');
      await mustHave(conversationId, given.parentId, 'parentId');
      const row: MessageRow = {
        id,
        conversationId,
        ...given,
        createdAt,
      };
      if (!(await store.addMessage(row))) {
        throw new ApiError(409, `There is a message ${id} already.`, { code: 'conflict', param: 'id' });
      }
      // An older one is copied: the conversation was last changed when that was written.
      const updatedAt = Math.min(createdAt, Date.now());
      await store.change(owner, conversationId, { currentMessageId: id, updatedAt });
      return c.json(viewMessage((await store.message(conversationId, id)) ?? row), 201);
    },
  );

  app.openapi(
    route(
      {
        method: 'delete',
        path: '/{id}/messages/{messageId}',
        summary: 'Delete a message and what follows it',
        tag,
        scope: 'ask',
      },
      { request: { params: messageParams }, responses: { 204: done } },
    ),
    async (c) => {
      const { owner } = c.var.caller;
      const { id, messageId } = c.req.valid('param');
      const { currentMessageId } = await find(owner, id);
      await mustHave(id, messageId, 'messageId');
      const parentId = (await store.message(id, messageId))?.parentId ?? null;
      await store.removeMessage(id, messageId);
      const isCurrentGone = currentMessageId !== null && !(await store.message(id, currentMessageId));
      await store.change(owner, id, {
        updatedAt: Date.now(),
        ...(isCurrentGone ? { currentMessageId: parentId } : {}),
      });
      return noContent(c);
    },
  );
  return app;
}

async function* jsonOf(
  conversation: Omit<Conversation, 'messages'>,
  messages: AsyncIterable<MessageRow>,
): AsyncGenerator<string> {
  yield `${JSON.stringify(conversation).slice(0, -1)},"messages":[`;
  let separator = '';
  for await (const message of messages) {
    yield `${separator}${JSON.stringify(viewMessage(message))}`;
    separator = ',';
  }
  yield ']}';
}

function viewMessage({ conversationId: _conversationId, ...message }: MessageRow): Message {
  return message;
}

function readCursor(cursor: string | undefined): { updatedAt: number; id: string } | undefined {
  if (cursor === undefined) return undefined;
  const match = /^(\d{1,15})~(.+)$/.exec(cursor);
  if (match) return { updatedAt: Number(match[1]), id: match[2] ?? '' };
  throw new ApiError(400, "'cursor': take it from `next` of the page before.", { param: 'cursor' });
}
