/** What was asked: list, detail, export, delete, cancel. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { RequestDetail, RequestPage, RequestQuery } from '@potluck/api';
import type { Context } from 'hono';
import { z } from 'zod';
import type { WriteQueue } from '../../files/writeQueue.ts';
import type { RequestRecord } from '../../generation/requestRecord.ts';
import type { RequestCursor, RequestFilter, RequestStore } from '../../generation/requestStore.ts';
import type { Generator } from '../../generation/generator.ts';
import { viewRequest, viewRequestDetail, type RequestReader } from './requestView.ts';
import { ApiError } from '../apiError.ts';
import { longText, rowsInPages } from './longAnswer.ts';
import type { SuspendedComponents } from '../inference/beginning.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, done, noContent, route } from './route.ts';

export interface RequestRouteComponents {
  database: { requests: RequestStore };
  writes: Pick<WriteQueue, 'settled'>;
  generator: Pick<Generator, 'cancel' | 'recorded' | 'find'>;
  /** Answers that a former run of the hub left unfinished. */
  goingOn: SuspendedComponents;
}

const tag = 'Requests';

/** Answers have ids of their own kinds; each holds the request's. */
function requestIdOf(id: string): string {
  return id
    .replace(/^(chatcmpl|cmpl)-/, '')
    .replace(/^resp_(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const params = z.object({ id: z.string() });
const Filter = RequestQuery.omit({ limit: true, cursor: true });

/** Routes to mount under `/requests`. */
export function requestRoutes({ database, writes, generator, goingOn }: RequestRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  const { requests } = database;
  /** What is kept of a request that runs is how it began. */
  const asItIsNow = (record: RequestRecord): RequestRecord =>
    record.status === 'running' ? (generator.find(record.id)?.recordNow ?? record) : record;
  /** Everybody sees what happens; only the administrator sees others' requests in a list. */
  const find = async (c: Context, id: string): Promise<RequestRecord> => {
    const requestId = requestIdOf(id);
    await generator.recorded(requestId);
    await writes.settled();
    const kept = await requests.find(requestId);
    const record = kept && asItIsNow(kept);
    const { owner, isAdmin } = readerOf(c);
    if (record && (isAdmin || record.owner === owner)) return record;
    throw new ApiError(404, `There is no request ${id}.`, { code: 'request_not_found' });
  };

  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'Requests, newest first', tag, scope: 'ask' },
      { request: { query: RequestQuery }, responses: { 200: answers(RequestPage, 'A page of them') } },
    ),
    async (c) => {
      await writes.settled();
      const reader = readerOf(c);
      const query = c.req.valid('query');
      const filter = filterOf(query, reader);
      const { records, total } = await requests.page(
        filter,
        query.limit + 1,
        readCursor(query.cursor),
        c.req.raw.signal,
      );
      const page = records.slice(0, query.limit);
      const last = records.length > query.limit ? page.at(-1) : undefined;
      return c.json(
        {
          requests: page.map((record) => viewRequest(asItIsNow(record), reader)),
          total,
          next: last ? `${last.createdAt}~${last.id}` : null,
        },
        200,
      );
    },
  );

  app.openapi(
    route(
      { method: 'get', path: '/export', summary: 'The same as JSON lines', tag, scope: 'ask' },
      {
        request: { query: Filter },
        responses: {
          200: {
            description: 'A RequestDetail a line',
            content: { 'application/jsonl': { schema: z.string() } },
          },
        },
      },
    ),
    async (c) => {
      await writes.settled();
      const reader = readerOf(c);
      const lines = exportLines(requests, filterOf(c.req.valid('query'), reader), reader, c.req.raw.signal);
      return c.body(longText(lines), 200, {
        'content-type': 'application/jsonl; charset=utf-8',
        'content-disposition': 'attachment; filename="requests.jsonl"',
      }) as never;
    },
  );

  app.openapi(
    route(
      { method: 'get', path: '/{id}', summary: 'A request with its way and its words', tag, scope: 'ask' },
      { request: { params }, responses: { 200: answers(RequestDetail, 'The request') } },
    ),
    async (c) => c.json(viewRequestDetail(await find(c, c.req.valid('param').id), readerOf(c)), 200),
  );

  app.openapi(
    route(
      { method: 'post', path: '/{id}/cancel', summary: 'Stop a running request', tag, scope: 'ask' },
      { request: { params }, responses: { 204: done } },
    ),
    async (c) => {
      const { id } = await find(c, c.req.valid('param').id);
      if (!generator.cancel(id)) goingOn.suspended.drop(id);
      return noContent(c);
    },
  );

  app.openapi(
    route(
      { method: 'delete', path: '/{id}', summary: 'Delete a request', tag, scope: 'ask' },
      { request: { params }, responses: { 204: done } },
    ),
    async (c) => {
      const record = await find(c, c.req.valid('param').id);
      refuseLimited(c);
      if (record.status === 'running') {
        throw new ApiError(409, 'It still runs. Cancel it first.', { code: 'conflict' });
      }
      await requests.remove({ id: record.id });
      return noContent(c);
    },
  );

  app.openapi(
    route(
      { method: 'delete', path: '/', summary: 'Delete requests that have ended', tag, scope: 'ask' },
      {
        request: { query: Filter },
        responses: { 200: answers(z.object({ deleted: z.number() }), 'How many there were') },
      },
    ),
    async (c) => {
      await writes.settled();
      refuseLimited(c);
      const filter = filterOf(c.req.valid('query'), readerOf(c));
      return c.json({ deleted: await requests.remove(filter) }, 200);
    },
  );
  return app;
}

/** A key's tokens of a day are counted by its requests, so who is limited by them can't delete them. */
function refuseLimited(c: Context): void {
  const { key, scopes } = c.var.caller;
  if (key?.limits.tokensPerDay === undefined || scopes.includes('admin')) return;
  throw new ApiError(
    403,
    `The key '${key.name}' has a limit of tokens a day, which its requests count for: ask who runs the hub to delete them.`,
    { code: 'not_allowed' },
  );
}

function readerOf(c: Context): RequestReader {
  const { owner, scopes } = c.var.caller;
  return { owner, isAdmin: scopes.includes('admin') };
}

function filterOf(query: Omit<RequestQuery, 'limit' | 'cursor'>, reader: RequestReader): RequestFilter {
  const { search, ...rest } = query;
  const given = Object.fromEntries(
    Object.entries(rest).filter(
      ([name, value]) => value !== undefined && !['limit', 'cursor'].includes(name),
    ),
  );
  return {
    ...given,
    ...(reader.isAdmin ? {} : { owner: reader.owner }),
    ...(search === undefined || search === ''
      ? {}
      : { search: { text: search, mayRead: reader.owner, mayReadApi: reader.isAdmin } }),
  };
}

function readCursor(cursor: string | undefined): RequestCursor | undefined {
  if (cursor === undefined) return undefined;
  const match = /^(\d{1,15})~(.+)$/.exec(cursor);
  if (match) return { createdAt: Number(match[1]), id: match[2] ?? '' };
  throw new ApiError(400, "'cursor': take it from `next` of the page before.", { param: 'cursor' });
}

async function* exportLines(
  requests: Pick<RequestStore, 'list'>,
  filter: RequestFilter,
  reader: RequestReader,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const records = rowsInPages<RequestRecord>((limit, last) => requests.list(filter, limit, last, signal));
  for await (const record of records) yield `${JSON.stringify(viewRequestDetail(record, reader))}\n`;
}
