/** What a request says of itself by which its client can come back for the answer, after the hub was lost. */
import { createHash } from 'node:crypto';
import { conversationHeaders, requestHeader } from '@potluck/api';
import { SessionId } from '@potluck/protocol';
import type { Context } from 'hono';
import type { AskedRequest } from '../../generation/journal/journalEntry.ts';
import { ApiError } from '../apiError.ts';
import { passedOnOf } from '../passedOn.ts';
import { readEventId } from './eventsRead.ts';

const lastEventHeader = 'last-event-id';

/**
 * @returns the id that the client gave its request, or the hub that passed it on; undefined where it has none
 * @throws ApiError 400
 */
export function namedRequest(c: Context): SessionId | undefined {
  const given = c.req.header(requestHeader);
  if (given === undefined) return SessionId.safeParse(passedOnOf(c)?.answer?.id).data;
  const { data } = SessionId.safeParse(given);
  if (data !== undefined && given === given.toLowerCase()) return data;
  throw new ApiError(400, `${requestHeader} takes a UUID in lower case.`, { param: requestHeader });
}

/**
 * How many events the client has, of each answer; undefined where it did not name its request: its events have no
 * numbers then.
 * @throws ApiError 400
 */
export function eventsReadOf(c: Context): readonly number[] | undefined {
  // The other hub counts from what the client said.
  const answer = passedOnOf(c)?.answer;
  if (answer) return answer.eventsRead;
  if (c.req.header(requestHeader) === undefined) return undefined;
  const given = c.req.header(lastEventHeader) ?? '0';
  const read = readEventId(given);
  if (read) return read;
  throw new ApiError(400, `Last-Event-ID takes the id of the last event that came.`, {
    param: 'Last-Event-ID',
  });
}

/** The request as another run of the hub is to know it; undefined where none can go on with its answer. */
export async function askedOf(c: Context, outlivesReader: boolean): Promise<AskedRequest | undefined> {
  // Nothing is kept of a temporary chat.
  const isTemporary = c.req.header(conversationHeaders.temporary) !== undefined;
  if (c.req.method !== 'POST' || isTemporary) return undefined;
  const body = await c.req.text();
  const asked = { path: c.req.path, bodyHash: createHash('sha256').update(body).digest('hex') };
  if (!outlivesReader) return asked;
  const headers: Record<string, string> = {};
  for (const name of Object.values(conversationHeaders)) {
    const value = c.req.header(name);
    if (value !== undefined) headers[name] = value;
  }
  return { ...asked, own: { body, headers } };
}
