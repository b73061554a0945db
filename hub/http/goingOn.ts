/** How the hub asks itself for answers that go on without their clients. Nobody outside reaches these routes. */
import { requestHeader } from '@potluck/api';
import { Hono } from 'hono';
import { uuidv7 } from 'uuidv7';
import type { JournalEntry } from '../generation/journal/journalEntry.ts';
import { apiErrorResponse, toApiError } from './apiError.ts';
import type { Caller } from './caller.ts';
import type { Source } from './source.ts';

const nowhere: Source = {
  ...{ address: undefined, protocol: 'http', host: undefined, prefix: '' },
  ...{ isForwarded: false, isBehindProxy: false },
};

/** @param route adds what can go on @returns what asks for an answer whose request the journal has */
export function goingOn(route: (inside: Hono) => void): (entry: JournalEntry) => Promise<Response> {
  const inside = new Hono();
  inside.use(async (c, next) => {
    // It has no place of the key's: it was let in before.
    const caller: Caller = { scopes: ['ask'], via: 'local', owner: (c.env as { owner: string }).owner };
    c.set('caller', caller);
    c.set('callerNow', () => caller);
    c.set('source', nowhere);
    c.set('requestId', uuidv7());
    await next();
  });
  route(inside);
  inside.onError((error, c) => apiErrorResponse(c, toApiError(error)));
  return async ({ id, asked, author: { owner } }) => {
    const { body = '', headers = {} } = asked.own ?? {};
    const all = { ...headers, 'content-type': 'application/json', [requestHeader]: id };
    return inside.request(asked.path, { method: 'POST', headers: all, body }, { owner });
  };
}
