/** What happened to the hub and its devices. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { HistoryPage, HistoryQuery } from '@potluck/api';
import type { WriteQueue } from '../../files/writeQueue.ts';
import type { HistoryStore } from '../../live/history.ts';
import { kindsForAll, kindsOf } from '../../live/historyTopics.ts';
import { hasScope } from '../caller.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, route } from './route.ts';

export interface HistoryRouteComponents {
  database: { history: HistoryStore };
  writes: Pick<WriteQueue, 'settled'>;
}

/** Routes to mount under `/history`. */
export function historyRoutes({ database, writes }: HistoryRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'What happened, newest first', tag: 'History', scope: 'ask' },
      { request: { query: HistoryQuery }, responses: { 200: answers(HistoryPage, 'A page of it') } },
    ),
    async (c) => {
      await writes.settled();
      const { topic, about, before, limit } = c.req.valid('query');
      const isAdmin = hasScope(c.var.caller, 'admin');
      const kinds = isAdmin ? kindsOf(topic) : kindsForAll(topic);
      const found = await database.history.list({ ...(kinds && { kinds }), about, before }, limit + 1);
      const events = found
        .slice(0, limit)
        .map(({ actor, ...event }) => ({ ...event, actor: isAdmin ? actor : null }));
      return c.json({ events, next: found.length > limit ? (events.at(-1)?.id ?? null) : null }, 200);
    },
  );
  return app;
}
