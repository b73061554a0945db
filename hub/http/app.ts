/** The hub's web application: which route is where, and who may use it. */
import { workerGoodbyePath, workerSocketPath } from '@potluck/protocol';
import { Hono, type Context, type Env, type Handler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { getPath } from 'hono/utils/url';
import type { Logger } from 'pino';
import { ApiError, apiErrorResponse, toApiError } from './apiError.ts';
import { notAllowed } from './notAllowed.ts';
import { anthropicErrors } from './anthropic/anthropicErrors.ts';
import { anthropicRoutes } from './anthropic/anthropicRoutes.ts';
import { descriptionRoutes } from './description/descriptionRoutes.ts';
import { blobRoutes } from './blobs.ts';
import { crossOrigin } from './crossOrigin.ts';
import { bearerOf, identify, requireScope, type CallerOptions } from './caller.ts';
import { goingOn } from './goingOn.ts';
import { healthRoutes } from './health.ts';
import { limitBodies, limitBody, maxOpenBodyBytes } from './limitBody.ts';
import { managementRoutes, type ManagementComponents } from './management/managementRoutes.ts';
import type { EncoderComponents } from './encoders/askEncoder.ts';
import { encoderRoutes } from './encoders/encoderRoutes.ts';
import { answerRerank } from './encoders/rerank.ts';
import { openaiRoutes } from './openai/openaiRoutes.ts';
import { countAnswers, metricsRoutes, type MetricsOptions } from './metrics.ts';
import { packageRoutes } from './packages/packageRoutes.ts';
import { WorkerPackageMaker } from './packages/workerPackageMaker.ts';
import type { ResponseComponents } from './openai/responses/startResponse.ts';
import { ollamaErrors } from './ollama/ollamaErrors.ts';
import { isOllamaPath } from './ollama/ollamaPaths.ts';
import { ollamaRoutes } from './ollama/ollamaRoutes.ts';
import { servePages } from './pages.ts';
import { loggedRequest, requestId } from './requestId.ts';
import { readRest } from './readRest.ts';
import { refusalOf } from './refusals.ts';
import { findSource, hubUrlFor } from './source.ts';
import { unbufferedStreams } from './streams.ts';
import { tokenRoutes } from './tokens/tokenRoutes.ts';
import type { TrustedProxies } from './trustedProxies.ts';
import type { JournalEntry } from '../generation/journal/journalEntry.ts';
import type { LoopDelay } from '../live/loopDelay.ts';
import type { RefusedRequests } from '../generation/refusedRequests.ts';
import type { BlobStore } from '../models/blobStore.ts';
import { signallingRoutes, type SignallingOptions } from '../network/signalling/signallingRoutes.ts';
import { pageGoodbyeRoute } from './pageGoodbyeRoute.ts';

export interface AppComponents
  extends
    ManagementComponents,
    Omit<ResponseComponents, keyof ManagementComponents>,
    Pick<EncoderComponents, 'encodings'> {
  blobs: BlobStore;
  refused: Pick<RefusedRequests, 'note'>;
  loopDelay: Pick<LoopDelay, 'now'>;
  /** Of this hub's lead among several that serve one grid; undefined: it is alone. */
  leaderEpoch?: number | undefined;
  /** Why nothing can be kept; undefined while all is well. */
  trouble: () => string | undefined;
  metrics: MetricsOptions;
  /** The control socket for workers. */
  workerSocket: Handler;
  signalling: SignallingOptions;
  callers: CallerOptions;
  /** Proxies whose X-Forwarded-* headers are believed. Default: none. */
  proxies?: TrustedProxies | undefined;
  /** What `npm run build` made. */
  pagesDirectory: string;
  logger: Logger;
}

const keyHint =
  'Send an API key as "Authorization: Bearer …"; the hub says where to find its own when it starts.';
const tokenHint =
  'Send the join token as "Authorization: Bearer …"; the hub says where to find it when it starts.';

export interface HubApp {
  app: Hono;
  /** Asks again, in the name of who asked a former run of the hub, for an answer that goes on without its client. */
  goOn: (entry: JournalEntry) => Promise<Response>;
}

/** Puts the application together. It serves web sockets where the server has a WebSocketServer. */
export function createApp(components: AppComponents): HubApp {
  const { joinTokens, registry, logger } = components;
  // A worker that is here gets its weights, also when nobody else can join with its token any more.
  const opensBlobs = (token: string): boolean => {
    if (joinTokens.idOf(token) !== undefined) return true;
    const expired = joinTokens.expiredIdOf(token);
    if (expired === undefined) return false;
    return [...registry.table.values()].some(({ joinTokenId }) => joinTokenId === expired);
  };
  const app = new Hono({ getPath: (request) => plainPath(getPath(request)) });

  app.use(readRest());
  app.use(findSource(components.proxies));
  app.use(unbufferedStreams());
  app.use(crossOrigin(() => components.hubSettings.current.corsOrigins));
  app.use(requestId());
  app.use(countAnswers(components.metrics.metrics));
  app.use(anthropicErrors());
  app.use(ollamaErrors());

  // Before everything else: browsers get the page at /models, programs the list of models.
  app.use(servePages({ directory: components.pagesDirectory }));

  // These check their own secrets.
  app.get(workerSocketPath, components.workerSocket);
  app.post(workerGoodbyePath, limitBody(maxOpenBodyBytes), pageGoodbyeRoute(components));
  app.route('/peerjs', signallingRoutes(components.signalling));

  app.use(identify(components.callers));
  app.use(limitBodies({ files: /^\/api\/imports\/[^/]+\/files$/ }));
  app.use('/blobs/*', async (c: Context<Env, string>, next) => {
    const token = bearerOf(c);
    if (token !== undefined && opensBlobs(token)) return next();
    return requireScope('ask', tokenHint)(c, next);
  });
  app.route('/blobs', blobRoutes(components.blobs, components.catalogue));

  app.route('/health', healthRoutes(components));
  app.route('/metrics', metricsRoutes(components.metrics));
  app.route('/', packageRoutes(new WorkerPackageMaker()));
  app.get('/', (c) => c.text(greeting(hubUrlFor(c.var.source) ?? new URL(c.req.url).origin)));

  const mayAsk = requireScope('ask', keyHint);
  app.use('/api/*', (c: Context<Env, string>, next) => (isOllamaPath(c.req.path) ? mayAsk(c, next) : next()));
  app.route('/api', ollamaRoutes(components));
  app.route('/api', managementRoutes(components));

  const openai = openaiRoutes(components);
  const encoders = encoderRoutes(components);
  for (const path of [
    '/v1/*',
    '/models',
    '/models/*',
    '/chat/*',
    '/completions',
    '/responses',
    '/responses/*',
    '/messages',
    '/messages/*',
    '/tokenize',
    '/detokenize',
    '/apply-template',
    '/embeddings',
    '/rerank',
    '/v2/rerank',
  ])
    app.use(path, mayAsk);
  app.route('/v1', descriptionRoutes());
  const anthropic = anthropicRoutes(components);
  const tokens = tokenRoutes(components);
  for (const path of ['/v1', '/']) {
    app.route(path, anthropic);
    app.route(path, openai);
    app.route(path, tokens);
    app.route(path, encoders);
  }
  app.post('/v2/rerank', (c) => answerRerank(c, components));
  const goOn = goingOn((inside) => {
    for (const path of ['/v1', '/']) inside.route(path, openai);
  });

  app.notFound((c) => {
    const allowed = allowedMethods(app, c.req.path);
    if (allowed.length > 0) return apiErrorResponse(c, notAllowed(c, allowed));
    const error = new ApiError(404, `There is no ${c.req.method} ${c.req.path} here.`, { code: 'not_found' });
    return apiErrorResponse(c, error);
  });
  app.onError((error, c) => {
    const apiError = error instanceof HTTPException ? fromHttpException(error) : toApiError(error);
    // Who goes away in the middle of a request is nobody's fault.
    if (c.req.raw.signal.aborted) return apiErrorResponse(c, apiError);
    const refusal = refusalOf(c, apiError);
    if (refusal) components.refused.note(refusal);
    if (apiError.code === 'internal_error') logger.error({ error, ...loggedRequest(c) }, 'a request failed');
    if (apiError.code === 'database_unavailable')
      logger.error({ reason: apiError.message, ...loggedRequest(c) }, 'a request failed');
    return apiErrorResponse(c, apiError);
  });
  return { app, goOn };
}

/**
 * Clients join base URLs carelessly: //v1//models/ and /v1/v1/models are /v1/models (open-webui 12117). Pages keep their
 * own last slash.
 */
function plainPath(path: string): string {
  const single = path.replaceAll(/\/{2,}/g, '/').replace(/^\/v1\/v1\//, '/v1/');
  return /^\/(v1|api|chat|models)\/.+\/$/.test(single) ? single.slice(0, -1) : single;
}

/** Methods with which there is something at a path. */
function allowedMethods(app: Hono, path: string): string[] {
  return ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method !== 'ALL'),
  );
}

function fromHttpException({ status, message }: HTTPException): ApiError {
  const hint = 'The body is not of a kind that is taken here: send JSON with Content-Type: application/json.';
  return new ApiError(status, status === 415 ? hint : message);
}

function greeting(origin: string): string {
  return [
    'This is Potluck: a hub that runs language models on the devices that people lend it.',
    '',
    `OpenAI-style API:  ${origin}/v1  (try GET ${origin}/v1/models)`,
    `Is it ready:       ${origin}/health`,
    `Who helps:         ${origin}/api/nodes`,
    '',
  ].join('\n');
}
