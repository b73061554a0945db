/** Is the hub alive, and does it serve; if not, what is missing. */
import { Hono } from 'hono';
import type { Deployment } from '../pipelines/deployment.ts';
import { routeOf } from '../pipelines/pipeline.ts';

/** Routes to mount under `/health`: `/` answers 200 while the hub lives, `/ready` 503 while no model is served. */
export function healthRoutes(deployment: Deployment): Hono {
  const app = new Hono();
  const state = (): { ready: boolean } & Record<string, unknown> => ({
    status: deployment.ready ? 'ok' : 'waiting',
    ready: deployment.ready !== undefined,
    model: deployment.model.package.id,
    ...(deployment.ready ? { route: routeOf(deployment.ready.stages) } : { missing: deployment.missing }),
  });
  app.get('/', (c) => c.json(state()));
  app.get('/ready', (c) => {
    const now = state();
    return c.json(now, now.ready ? 200 : 503);
  });
  return app;
}
