/** Is the hub alive, and does it serve; if not, what is missing. */
import { Hono, type Context } from 'hono';
import type { LoopDelay } from '../live/loopDelay.ts';
import type { Generator } from '../generation/generator.ts';
import { missingOf } from '../pipelines/deployment.ts';
import type { Deployments } from '../pipelines/deployments.ts';
import { routeOf } from '../pipelines/pipeline.ts';
import { hasScope } from './caller.ts';

/**
 * Routes to mount under `/health`: `/` answers 200 while the hub takes requests, `/ready` 503 while no model is served. A hub
 * that answers and keeps nothing is `degraded`. Models and workers are named to those who may ask, with how late the hub's event
 * loop was and what is wrong with its database; everybody else learns only whether the hub serves.
 */
export function healthRoutes({
  deployments,
  generator,
  loopDelay,
  trouble,
  defaultModel,
  leaderEpoch,
}: {
  generator: Pick<Generator, 'isDraining'>;
  deployments: Pick<Deployments, 'list'>;
  loopDelay: Pick<LoopDelay, 'now'>;
  /** Why nothing can be kept; undefined while all is well. */
  trouble: () => string | undefined;
  /** Answers where a request names no model; undefined where none would. */
  defaultModel: () => string | undefined;
  /** Of this hub's lead among several that serve one grid; undefined: it is alone. */
  leaderEpoch?: number | undefined;
}): Hono {
  const app = new Hono();
  const state = (): { ready: boolean } & Record<string, unknown> => {
    const models = deployments.list.map((deployment) => {
      const ready = deployment.replicas.find((replica) => replica.ready)?.ready;
      const { id } = deployment.model.package;
      return {
        model: id,
        ready: ready !== undefined,
        ...(ready ? { route: routeOf(ready.stages) } : { missing: missingOf(deployment) }),
      };
    });
    const [first = { ready: false, missing: 'no model is deployed' }] = models;
    // Whoever spreads requests over hubs sends a hub that stops none any more.
    const isStopping = generator.isDraining;
    // A model at rest answers, too, once it is asked.
    const rests = deployments.list.length === 0 && defaultModel() !== undefined;
    const ready = !isStopping && (rests || models.some((one) => one.ready));
    const problem = trouble();
    const serving = problem === undefined ? 'ok' : 'degraded';
    const status = isStopping ? 'stopping' : ready ? serving : 'waiting';
    const kept = problem === undefined ? {} : { trouble: problem };
    return { status, ...first, ready, models, ...kept, eventLoopDelayMs: loopDelay.now() };
  };
  const lead = leaderEpoch === undefined ? {} : { role: 'leads', leaderEpoch };
  const shown = (c: Context): { ready: boolean } & Record<string, unknown> => {
    const { status, ready, ...details } = state();
    return { status, ready, ...lead, ...(hasScope(c.var.caller, 'ask') ? details : {}) };
  };
  app.get('/', (c) => {
    const now = shown(c);
    return c.json(now, now['status'] === 'stopping' ? 503 : 200);
  });
  app.get('/ready', (c) => {
    const now = shown(c);
    return c.json(now, now.ready ? 200 : 503);
  });
  return app;
}
