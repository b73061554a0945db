/** The hub's metrics for Prometheus. */
import { Hono, type MiddlewareHandler } from 'hono';
import { sameSecret } from '../accounts/secrets.ts';
import type { HubMetrics } from '../live/metrics/hubMetrics.ts';
import { bearerOf, hasScope, requireScope } from './caller.ts';

export interface MetricsOptions {
  metrics: Pick<HubMetrics, 'text' | 'contentType' | 'httpAnswered'>;
  /** Opens the metrics, and nothing else; undefined: there is none. */
  token?: string | undefined;
  /** What else there is, in the same format. */
  further?: (() => Promise<string>) | undefined;
}

const hint =
  'Read the metrics from the hub’s own machine, or send the metrics token (--metrics-token) or the key of an administrator as "Authorization: Bearer …".';
const surfaces = ['v1', 'api', 'blobs', 'health', 'metrics', 'peerjs', 'worker'];

/** Routes to mount under `/metrics`: for programs on the hub's own machine, the metrics token, and administrators. */
export function metricsRoutes({ metrics, token, further }: MetricsOptions): Hono {
  const app = new Hono();
  app.get('/', async (c, next) => {
    const sent = bearerOf(c);
    const isScraper = token !== undefined && sent !== undefined && sameSecret(sent, token);
    const isOpen = isScraper || c.var.caller.via === 'local' || hasScope(c.var.caller, 'admin');
    if (!isOpen) return requireScope('admin', hint)(c, next);
    const text = [await metrics.text(), await further?.()].filter(Boolean).join('\n');
    return c.body(text, 200, { 'content-type': metrics.contentType });
  });
  return app;
}

/** Counts what comes after it by the first part of its path. */
export function countAnswers(metrics: Pick<HubMetrics, 'httpAnswered'>): MiddlewareHandler {
  return async function countAnswer(c, next) {
    await next();
    metrics.httpAnswered(surfaceOf(c.req.path), c.res.status);
  };
}

/** Few, whatever people ask for. */
function surfaceOf(path: string): string {
  const [, first = ''] = path.split('/', 2);
  return surfaces.includes(first) ? first : 'app';
}
