/** What was asked, summed up. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Usage, UsageQuery } from '@potluck/api';
import type { WriteQueue } from '../../files/writeQueue.ts';
import type { NodeBook } from '../../workers/nodeBook.ts';
import { spanOf, sumUsage, type UsageStore } from '../../generation/usageSums.ts';
import { hasScope } from '../caller.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, route } from './route.ts';

export interface UsageRouteComponents {
  database: { usage: UsageStore };
  writes: Pick<WriteQueue, 'settled'>;
  nodes: Pick<NodeBook, 'nameOf'>;
}

/** Routes to mount under `/usage`. */
export function usageRoutes({ database, writes, nodes }: UsageRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  app.openapi(
    route(
      {
        ...{ method: 'get', path: '/', tag: 'Requests', scope: 'ask' },
        summary: 'Requests and tokens by model, key or node; of all who ask only for who administers',
      },
      { request: { query: UsageQuery }, responses: { 200: answers(Usage, 'Sums, and steps of time') } },
    ),
    async (c) => {
      await writes.settled();
      const { range, by, offsetMinutes } = c.req.valid('query');
      const { owner } = c.var.caller;
      const span = {
        ...{ by, ...spanOf(range, Date.now(), offsetMinutes) },
        ...(hasScope(c.var.caller, 'admin') ? {} : { owner }),
      };
      const { since, until, stepMs } = span;
      return c.json(
        {
          range,
          by,
          since,
          until,
          stepMs,
          ...(await sumUsage(database.usage, span, (id) => nodes.nameOf(id))),
        },
        200,
      );
    },
  );
  return app;
}
