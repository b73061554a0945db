/** The hub's web application: which route is where, and who may use it. */
import { workerGoodbyePath, workerSocketPath } from '@potluck/protocol';
import { Hono, type Handler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { getPath } from 'hono/utils/url';
import type { Logger } from 'pino';
import { requireAccess } from './http/access.ts';
import { ApiError, apiErrorResponse, toApiError } from './http/apiError.ts';
import { blobRoutes } from './http/blobs.ts';
import { crossOrigin } from './http/crossOrigin.ts';
import { healthRoutes } from './http/health.ts';
import { managementRoutes, type ManagementComponents } from './http/management/managementRoutes.ts';
import { openaiRoutes } from './http/openai/openaiRoutes.ts';
import { requestId } from './http/requestId.ts';
import type { BlobStore } from './models/blobStore.ts';
import { signallingRoutes, type SignallingOptions } from './signalling/signallingRoutes.ts';
import { pageGoodbyeRoute } from './workers/pageGoodbyeRoute.ts';

export interface AppComponents extends ManagementComponents {
  blobs: BlobStore;
  /** The control socket for workers. */
  workerSocket: Handler;
  signalling: SignallingOptions;
  logger: Logger;
}

export interface AppInit {
  apiKey: string;
  joinToken: string;
}

const keyHint =
  'Send the API key as "Authorization: Bearer …"; the hub says where to find it when it starts.';
const tokenHint = 'Send the join token as "Authorization: Bearer …"; the hub prints it when it starts.';

/** Puts the application together. It serves web sockets where the server has a WebSocketServer. */
export function createApp(components: AppComponents, init: AppInit): Hono {
  const { deployment, generator, logger } = components;
  // Clients join base URLs carelessly: //v1//models is /v1/models (open-webui 12117).
  const app = new Hono({ getPath: (request) => getPath(request).replaceAll(/\/{2,}/g, '/') });
  const needsKey = requireAccess({ secrets: [init.apiKey], hint: keyHint });

  app.use(crossOrigin());
  app.use(requestId());

  // These check their own secrets.
  app.get(workerSocketPath, components.workerSocket);
  app.post(workerGoodbyePath, pageGoodbyeRoute(components, init));
  app.route('/peerjs', signallingRoutes(components.signalling));
  app.use('/blobs/*', requireAccess({ secrets: [init.joinToken, init.apiKey], hint: tokenHint }));
  app.route('/blobs', blobRoutes(components.blobs));

  app.route('/health', healthRoutes(deployment));
  app.get('/', (c) => c.text(greeting(new URL(c.req.url).origin)));

  app.use('/api/*', needsKey);
  app.route('/api', managementRoutes(components));

  const openai = openaiRoutes({ generator, model: deployment.model, logger });
  for (const path of ['/v1/*', '/models', '/models/*', '/chat/*']) app.use(path, needsKey);
  app.route('/v1', openai);
  app.route('/', openai);

  app.notFound((c) => {
    const error = new ApiError(404, `There is no ${c.req.method} ${c.req.path} here.`, { code: 'not_found' });
    return apiErrorResponse(c, error);
  });
  app.onError((error, c) => {
    const apiError =
      error instanceof HTTPException ? new ApiError(error.status, error.message) : toApiError(error);
    if (apiError.code === 'internal_error') logger.error({ error, path: c.req.path }, 'a request failed');
    return apiErrorResponse(c, apiError);
  });
  return app;
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
