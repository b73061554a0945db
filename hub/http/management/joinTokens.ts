/** Join tokens: who may lend compute. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { CreatedJoinToken, JoinToken, JoinTokenReplacement, NewJoinToken } from '@potluck/api';
import { z } from 'zod';
import type { Invites } from '../../accounts/invites.ts';
import { ownJoinTokenId, type JoinTokenView, type JoinTokens } from '../../accounts/joinTokens.ts';
import { joinLinks, workerCommands } from '../../network/reachability/reachability.ts';
import type { WorkerRegistry } from '../../workers/workerRegistry.ts';
import type { WorkerRecord } from '../../workers/workerTable.ts';
import { ApiError } from '../apiError.ts';
import { refusePast } from './keys.ts';
import { openApiRoutes } from './openApi.ts';
import { reachableFor, type ReachabilityComponents } from './reachability.ts';
import { answers, done, noContent, route, takes } from './route.ts';

export interface JoinTokenRouteComponents {
  joinTokens: JoinTokens;
  invites: Pick<Invites, 'parts'>;
  registry: WorkerRegistry;
  reachability: Pick<ReachabilityComponents, 'reachability'>;
}

const tag = 'Join tokens';
const params = z.object({ id: z.string() });

/** Routes to mount under `/join-tokens`. */
export function joinTokenRoutes({
  joinTokens,
  invites,
  registry,
  reachability,
}: JoinTokenRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  const nodesWith = (id: string): WorkerRecord[] =>
    [...registry.table.values()].filter(({ joinTokenId }) => joinTokenId === id);
  const view = (token: JoinTokenView): JoinToken => ({ ...token, nodes: nodesWith(token.id).length });
  /** Those that joined with it are not trusted any more either. */
  const expel = (id: string): void => {
    for (const node of nodesWith(id)) registry.expel(node.id, 'bad-token', 'its join token was revoked');
  };

  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'All join tokens', tag, scope: 'admin' },
      { responses: { 200: answers(z.object({ tokens: z.array(JoinToken) }), 'Without their secrets') } },
    ),
    (c) => {
      const { parts } = invites;
      return c.json({ tokens: joinTokens.list.filter(({ id }) => !parts.has(id)).map(view) }, 200);
    },
  );
  app.openapi(
    route(
      { method: 'post', path: '/', summary: 'Make a join token', tag, scope: 'admin' },
      {
        request: takes(NewJoinToken),
        responses: { 201: answers(CreatedJoinToken, 'Its secret is shown only now') },
      },
    ),
    async (c) => {
      const init = c.req.valid('json');
      refusePast(init.expiresAt);
      const { token, secret } = await joinTokens.create(init);
      const reach = reachableFor(c.var.source, reachability.reachability());
      c.header('cache-control', 'no-store');
      return c.json(
        {
          ...view(token),
          secret,
          links: joinLinks(reach, secret),
          commands: workerCommands(reach, secret),
        },
        201,
      );
    },
  );
  app.openapi(
    route(
      {
        method: 'post',
        path: '/hub/replace',
        summary: 'Draw another token for the hub itself',
        tag,
        scope: 'admin',
      },
      {
        request: takes(JoinTokenReplacement),
        responses: {
          200: answers(JoinToken, 'The new token; who joined with the former one stays, or goes'),
        },
      },
    ),
    async (c) => {
      const { stay } = c.req.valid('json');
      const joined = nodesWith(ownJoinTokenId);
      const former = await joinTokens.replaceOwn({ stay });
      for (const { id } of joined) {
        if (former !== undefined) registry.tokenReplaced(id, former);
        else registry.expel(id, 'bad-token', 'the hub’s join token was replaced');
      }
      return c.json(view(joinTokens.list[0] as JoinTokenView), 200);
    },
  );
  app.openapi(
    route(
      {
        method: 'post',
        path: '/{id}/revoke',
        summary: 'End a token; nodes that joined with it go',
        tag,
        scope: 'admin',
      },
      { request: { params }, responses: { 200: answers(JoinToken, 'The token as it is now') } },
    ),
    async (c) => {
      const { id } = c.req.valid('param');
      refuseOwn(id);
      const token = await joinTokens.revoke(id);
      if (!token) throw unknownToken(id);
      expel(id);
      return c.json(view(token), 200);
    },
  );
  app.openapi(
    route(
      { method: 'delete', path: '/{id}', summary: 'End a token and forget it', tag, scope: 'admin' },
      { request: { params }, responses: { 204: done } },
    ),
    async (c) => {
      const { id } = c.req.valid('param');
      refuseOwn(id);
      if (!(await joinTokens.remove(id))) throw unknownToken(id);
      expel(id);
      return noContent(c);
    },
  );
  return app;
}

function refuseOwn(id: string): void {
  if (id !== ownJoinTokenId) return;
  throw new ApiError(409, 'The hub’s own token can’t be revoked. Replace it.', {
    code: 'conflict',
    param: 'id',
  });
}

function unknownToken(id: string): ApiError {
  return new ApiError(404, `There is no join token ${id}.`, { code: 'token_not_found', param: 'id' });
}
