/** One file for a report of a problem. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Diagnostics } from '@potluck/api';
import { openApiRoutes } from './openApi.ts';
import { answers, route } from './route.ts';
import { collectDiagnostics, type DiagnosticsComponents } from './collectDiagnostics.ts';

/** Route to mount under `/diagnostics`. */
export function diagnosticsRoutes(components: DiagnosticsComponents): OpenAPIHono {
  const app = openApiRoutes();
  app.openapi(
    route(
      {
        method: 'get',
        path: '/',
        summary: 'What a report of a problem should have',
        tag: 'Hub',
        scope: 'admin',
      },
      { responses: { 200: answers(Diagnostics, 'Without keys, passwords and words of chats') } },
    ),
    async (c) => {
      const date = new Date().toISOString().slice(0, 10);
      c.header('content-disposition', `attachment; filename="potluck-diagnostics-${date}.json"`);
      c.header('cache-control', 'no-store');
      return c.json(await collectDiagnostics(components), 200);
    },
  );
  return app;
}
