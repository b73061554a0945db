/** What a hub answers itself that does not lead: the app's files, how it is, and its metrics. */
import { readdirSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Hono, type Context } from 'hono';
import { sameSecret } from '../accounts/secrets.ts';
import { localTrust } from '../http/access.ts';
import { bearerOf } from '../http/caller.ts';
import { servePages, wantsPage } from '../http/pages.ts';
import { findSource } from '../http/source.ts';
import type { TrustedProxies } from '../http/trustedProxies.ts';
import type { LeaderBoard } from '../lead/leaderBoard.ts';
import { followerHealth } from './followerHealth.ts';
import type { FrontMetrics } from './frontMetrics.ts';
import { pathOf } from './kindOf.ts';
import type { LeaderHealth } from './leaderHealth.ts';

const ownPath = /^\/(health(\/ready)?|metrics)\/?$/;

/** @returns true for requests that this hub answers itself @param directory of the app's files */
export function ownRequests(directory: string): (incoming: IncomingMessage) => boolean {
  const files = new Set(filesIn(directory).map((name) => `/${name.replaceAll('\\', '/')}`));
  return ({ method, url = '/', headers }) => {
    if (method !== 'GET' && method !== 'HEAD') return false;
    const path = pathOf(url);
    return ownPath.test(path) || files.has(path) || wantsPage(path, headers.accept);
  };
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.\w+$/.test(name),
    );
  } catch {
    // The app is not built: whoever wants its page is told.
    return [];
  }
}

export interface OwnAnswersComponents {
  board: LeaderBoard;
  metrics: FrontMetrics;
  /** What is wrong with what the hubs share; undefined while all is well. */
  trouble: () => string | undefined;
  /** True once this hub is about to stop. */
  isStopping: () => boolean;
  /** How the hub that leads is, for whoever asks this one; undefined where none answers. */
  leaderHealth: (incoming: IncomingMessage) => Promise<LeaderHealth | undefined>;
}

export interface OwnAnswersInit {
  pagesDirectory: string;
  metricsToken: string | undefined;
  proxies: TrustedProxies;
}

/** Answers what `ownRequests` names. */
export function ownAnswers(
  { board, metrics, trouble, isStopping, leaderHealth }: OwnAnswersComponents,
  { pagesDirectory, metricsToken, proxies }: OwnAnswersInit,
): Hono {
  const app = new Hono({ strict: false });
  app.use(findSource(proxies));
  const healthFor = async (c: Context): Promise<ReturnType<typeof followerHealth>> => {
    const { incoming } = c.env as { incoming?: IncomingMessage };
    const leader = incoming && (await leaderHealth(incoming));
    return followerHealth({ leader, board, trouble: trouble(), isStopping: isStopping() });
  };
  app.get('/health', async (c) => {
    const now = await healthFor(c);
    return c.json(now, now.status === 'stopping' ? 503 : 200);
  });
  app.get('/health/ready', async (c) => {
    const now = await healthFor(c);
    return c.json(now, now.ready ? 200 : 503);
  });
  app.get('/metrics', async (c) => {
    const sent = bearerOf(c);
    const isScraper = metricsToken !== undefined && sent !== undefined && sameSecret(sent, metricsToken);
    const isHere = !proxies.isAny && localTrust(c).may !== 'nothing';
    if (isScraper || isHere)
      return c.body(await metrics.text(), 200, { 'content-type': metrics.contentType });
    const message =
      'Read the metrics from the hub’s own machine, or send the metrics token (--metrics-token) as "Authorization: Bearer …".';
    return c.json(
      { error: { message, type: 'invalid_request_error', param: null, code: 'invalid_api_key' } },
      401,
    );
  });
  app.use(servePages({ directory: pagesDirectory }));
  return app;
}
