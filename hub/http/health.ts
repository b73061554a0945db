/** Is the hub alive, and does it serve; if not, what is missing. */
import { Hono } from 'hono';
import { missingOf } from '../pipelines/deployment.ts';
import type { Deployments } from '../pipelines/deployments.ts';
import { routeOf } from '../pipelines/pipeline.ts';

/** Routes to mount under `/health`: `/` answers 200 while the hub lives, `/ready` 503 while no model is served. */
export function healthRoutes(deployments: Pick<Deployments, 'list'>): Hono {
  const app = new Hono();
  const state = (): { ready: boolean } & Record<string, unknown> => {
    const models = deployments.list.map((deployment) => {
      const ready = deployment.replicas.find((keeper) => keeper.ready)?.ready;
      const { id } = deployment.model.package;
      return {
        model: id,
        ready: ready !== undefined,
        ...(ready ? { route: routeOf(ready.stages) } : { missing: missingOf(deployment) }),
      };
    });
    const [first = { ready: false, missing: 'no model is deployed' }] = models;
    const ready = models.some((one) => one.ready);
    return { status: ready ? 'ok' : 'waiting', ...first, ready, models };
  };
  app.get('/', (c) => c.json(state()));
  app.get('/ready', (c) => {
    const now = state();
    return c.json(now, now.ready ? 200 : 503);
  });
  return app;
}
