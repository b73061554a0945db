/** Models that are here, and models that could be. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { HubModel, HubSearchResult, ModelList, RemoteHubState, Suggestion } from '@potluck/api';
import { z } from 'zod';
import type { Catalogue } from '../../models/catalogue.ts';
import {
  inspectRepository,
  mustAnswer,
  searchRepositories,
  type RemoteHubInit,
} from '../../models/remote/remoteHub.ts';
import { RemoteHubError } from '../../models/remote/remoteHubError.ts';
import { isFloat16 } from '../../models/graphVariants.ts';
import { suggestedModels } from '../../models/suggestedModels.ts';
import type { Deployments } from '../../pipelines/deployments.ts';
import type { Operator } from '../../pipelines/operator.ts';
import { estimateFit } from '../../placement/estimateFit.ts';
import type { HubSettings } from '../../settings/hubSettings.ts';
import { modelState, viewModel } from '../../live/views/modelView.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, done, noContent, route } from './route.ts';

export interface ModelRouteComponents {
  catalogue: Catalogue;
  deployments: Deployments;
  operator: Operator;
  hubSettings: HubSettings;
  /** The model that answers where none is named. */
  defaultModel: () => string | undefined;
}

const tag = 'Models';
const RemoteModels = z.object({ models: z.array(HubSearchResult) });

/** Routes to mount under `/models`. */
export function modelRoutes({ defaultModel, ...parts }: ModelRouteComponents): OpenAPIHono {
  const { catalogue, operator, hubSettings } = parts;
  const components = { ...parts, defaultModel, settings: () => hubSettings.current };
  const app = openApiRoutes();
  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'Models that are here', tag, scope: 'ask' },
      { responses: { 200: answers(ModelList, 'Oldest first') } },
    ),
    (c) => {
      const models = catalogue.list.map((model) => viewModel(model, modelState(components, model.id)));
      const leftOut = catalogue.leftOut.map(({ name, reason }) => ({ name, reason }));
      return c.json({ models, leftOut }, 200);
    },
  );
  app.openapi(
    route(
      { method: 'get', path: '/suggestions', summary: 'Well-known models to begin with', tag, scope: 'ask' },
      { responses: { 200: answers(z.object({ suggestions: z.array(Suggestion) }), 'Smallest first') } },
    ),
    (c) => {
      const rooms = operator.roomsFor({ float16: false });
      const suggestions = suggestedModels.map((one) => ({
        ...one,
        fit: estimateFit(one.bytes, rooms),
      }));
      return c.json({ suggestions }, 200);
    },
  );
  app.openapi(
    route(
      { method: 'delete', path: '/', summary: 'Remove a model', tag, scope: 'admin' },
      { request: { query: z.strictObject({ id: z.string() }) }, responses: { 204: done } },
    ),
    async (c) => {
      await operator.removeModel(c.req.valid('query').id);
      return noContent(c);
    },
  );
  return app;
}

/** The route to mount under `/remote-hub`. */
export function remoteHubRoute({ hubSettings }: ModelRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'Does the Hub that models come from answer', tag, scope: 'admin' },
      { responses: { 200: answers(RemoteHubState, 'Asked just now') } },
    ),
    async (c) => {
      const { hubEndpoint: endpoint } = hubSettings.current;
      const { hubToken: token } = hubSettings;
      try {
        await mustAnswer({ endpoint, ...(token === undefined ? {} : { token }) });
        return c.json({ endpoint, problem: null }, 200);
      } catch (error) {
        if (!(error instanceof RemoteHubError)) throw error;
        return c.json({ endpoint, problem: error.message }, 200);
      }
    },
  );
  return app;
}

/** Routes to mount under `/remote-models`: what the Hugging Face Hub, or its mirror, has. */
export function remoteModelRoutes({ operator, hubSettings }: ModelRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  const remote = (token: string | undefined): RemoteHubInit => {
    const own = token ?? hubSettings.hubToken;
    return { endpoint: hubSettings.current.hubEndpoint, ...(own === undefined ? {} : { token: own }) };
  };
  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'Search the Hub for models that run here', tag, scope: 'admin' },
      {
        request: { query: z.strictObject({ search: z.string().trim().min(1).max(200) }) },
        responses: { 200: answers(RemoteModels, 'Most downloaded first') },
      },
    ),
    async (c) => {
      const models = await searchRepositories(remote(undefined), c.req.valid('query').search);
      return c.json({ models }, 200);
    },
  );
  app.openapi(
    route(
      {
        method: 'get',
        path: '/{owner}/{name}',
        summary: 'Look at a repository of the Hub: licence, variants, sizes, what fits',
        tag,
        scope: 'admin',
      },
      {
        request: {
          params: z.object({
            owner: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'an owner such as onnx-community'),
            name: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'a name such as Qwen3-0.6B-ONNX'),
          }),
          query: z.strictObject({ revision: z.string().max(200).optional() }),
          headers: z.object({ 'x-hub-token': z.string().max(500).optional() }),
        },
        responses: { 200: answers(HubModel, 'The repository; x-hub-token opens a gated one') },
      },
    ),
    async (c) => {
      const { owner, name } = c.req.valid('param');
      const found = await inspectRepository(
        remote(c.req.valid('header')['x-hub-token']),
        `${owner}/${name}`,
        c.req.valid('query').revision,
      );
      const variants = found.variants.map((variant, index) => {
        const bytes = variant.files.reduce((sum, file) => sum + file.bytes, 0);
        return {
          name: variant.name,
          bytes,
          files: variant.files.map((file) => ({ path: file.path, bytes: file.bytes })),
          fit: estimateFit(bytes, operator.roomsFor({ float16: isFloat16(variant.name) })),
          preferred: index === 0,
        };
      });
      const { repository, revision, license, gated, downloads } = found;
      return c.json({ repository, revision, license, gated, downloads, variants, id: repository }, 200);
    },
  );
  return app;
}
