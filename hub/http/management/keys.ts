/** API keys. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { ApiKey, CreatedApiKey, NewApiKey } from '@potluck/api';
import { z } from 'zod';
import type { ApiKeys } from '../../accounts/apiKeys.ts';
import type { Invites } from '../../accounts/invites.ts';
import type { Logins } from '../../accounts/logins.ts';
import { ApiError } from '../apiError.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, done, noContent, route, takes } from './route.ts';

export interface KeyRouteComponents {
  keys: ApiKeys;
  logins: Pick<Logins, 'endAll'>;
  invites: Pick<Invites, 'parts'>;
}

const tag = 'API keys';
const params = z.object({ id: z.string() });

/** Routes to mount under `/keys`. */
export function keyRoutes({ keys, logins, invites }: KeyRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'All keys, newest first', tag, scope: 'admin' },
      { responses: { 200: answers(z.object({ keys: z.array(ApiKey) }), 'Without their secrets') } },
    ),
    (c) => {
      const { parts } = invites;
      return c.json({ keys: keys.list.filter(({ id }) => !parts.has(id)) }, 200);
    },
  );
  app.openapi(
    route(
      { method: 'post', path: '/', summary: 'Make a key', tag, scope: 'admin' },
      {
        request: takes(NewApiKey),
        responses: { 201: answers(CreatedApiKey, 'Its secret is shown only now') },
      },
    ),
    async (c) => {
      const init = c.req.valid('json');
      refusePast(init.expiresAt);
      const { key, secret } = await keys.create(init);
      c.header('cache-control', 'no-store');
      return c.json({ ...key, secret }, 201);
    },
  );
  app.openapi(
    route(
      { method: 'post', path: '/{id}/revoke', summary: 'End a key', tag, scope: 'admin' },
      { request: { params }, responses: { 200: answers(ApiKey, 'The key as it is now') } },
    ),
    async (c) => {
      const { id } = c.req.valid('param');
      const key = await keys.revoke(id);
      if (!key) throw unknownKey(id);
      await logins.endAll(id);
      return c.json(key, 200);
    },
  );
  app.openapi(
    route(
      { method: 'delete', path: '/{id}', summary: 'End a key and forget it', tag, scope: 'admin' },
      { request: { params }, responses: { 204: done } },
    ),
    async (c) => {
      const { id } = c.req.valid('param');
      if (!(await keys.remove(id))) throw unknownKey(id);
      await logins.endAll(id);
      return noContent(c);
    },
  );
  return app;
}

/** @throws ApiError where something would be over before it began */
export function refusePast(expiresAt: number | null): void {
  if (expiresAt === null || expiresAt > Date.now()) return;
  throw new ApiError(400, "'expiresAt' is in the past. Give a time to come, in Unix milliseconds, or null.", {
    code: 'invalid_value',
    param: 'expiresAt',
  });
}

function unknownKey(id: string): ApiError {
  return new ApiError(404, `There is no key ${id}.`, { code: 'key_not_found', param: 'id' });
}
