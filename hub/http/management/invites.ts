/** Invites: the operator makes, lists and ends them; a friend accepts one and may chat and lend from then on. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { AcceptedInvite, CreatedInvite, Invite, InviteAcceptance, NewInvite } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { WorkerId } from '@potluck/protocol';
import { z } from 'zod';
import { Attempts } from '../../accounts/attempts.ts';
import type { InviteProblem, Invites, InviteView } from '../../accounts/invites.ts';
import type { Logins } from '../../accounts/logins.ts';
import { inviteLinks } from '../../network/reachability/reachability.ts';
import type { WorkerRegistry } from '../../workers/workerRegistry.ts';
import { ApiError } from '../apiError.ts';
import { hasScope } from '../caller.ts';
import type { HubCookies } from '../cookies.ts';
import { beginTry } from './beginTry.ts';
import { refusePast } from './keys.ts';
import { openApiRoutes } from './openApi.ts';
import { reachableFor, type ReachabilityComponents } from './reachability.ts';
import { refuseOtherPages } from './refuseOtherPages.ts';
import { answers, done, noContent, route, takes } from './route.ts';

export interface InviteRouteComponents {
  invites: Invites;
  logins: Pick<Logins, 'create'>;
  cookies: HubCookies;
  registry: Pick<WorkerRegistry, 'table' | 'expel'>;
  reachability: Pick<ReachabilityComponents, 'reachability'>;
}

const tag = 'Invites';
const params = z.object({ id: z.string() });
const problems: Record<InviteProblem, string> = {
  unknown: hubText('no-such-invite', {}),
  expired: hubText('invite-ended', {}),
  revoked: hubText('invite-taken-back', {}),
  'used-up': hubText('invite-used-up', {}),
};

/** Routes to mount under `/invites`. */
export function inviteRoutes({
  invites,
  logins,
  cookies,
  registry,
  reachability,
}: InviteRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  const attempts = new Attempts();
  const nodesOf = (id: string): WorkerId[] => {
    const tokens = new Set(invites.tokensOf(id));
    return [...registry.table.values()]
      .filter(({ joinTokenId }) => tokens.has(joinTokenId))
      .map((one) => one.id);
  };
  const view = (invite: InviteView): Invite => ({ ...invite, nodes: nodesOf(invite.id).length });
  /** Those that joined with it are not trusted any more either. */
  const expel = (nodes: readonly WorkerId[]): void => {
    for (const id of nodes) registry.expel(id, 'bad-token', 'its invite was revoked');
  };

  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'All invites, newest first', tag, scope: 'admin' },
      { responses: { 200: answers(z.object({ invites: z.array(Invite) }), 'Without their secrets') } },
    ),
    (c) => c.json({ invites: invites.list.map(view) }, 200),
  );
  app.openapi(
    route(
      { method: 'post', path: '/', summary: 'Make an invite', tag, scope: 'admin' },
      {
        request: takes(NewInvite),
        responses: { 201: answers(CreatedInvite, 'Its secret and its code are shown only now') },
      },
    ),
    async (c) => {
      const init = c.req.valid('json');
      refusePast(init.expiresAt);
      const { invite, secret, code } = await invites.create(init);
      const links = inviteLinks(reachableFor(c.var.source, reachability.reachability()), secret);
      c.header('cache-control', 'no-store');
      return c.json({ ...view(invite), secret, code, links }, 201);
    },
  );
  app.openapi(
    route(
      { method: 'post', path: '/accept', summary: 'Accept an invite', tag },
      {
        request: takes(InviteAcceptance),
        responses: { 200: answers(AcceptedInvite, 'You may chat, and join with the token') },
      },
    ),
    async (c) => {
      refuseOtherPages(c);
      const address = beginTry(c, attempts);
      const accepted = await invites.accept(c.req.valid('json').secret);
      if (typeof accepted === 'string') {
        throw new ApiError(accepted === 'unknown' ? 401 : 410, problems[accepted], {
          code: accepted === 'unknown' ? 'invalid_invite' : 'invite_over',
          param: 'secret',
        });
      }
      attempts.takeBack(address);
      cookies.giveIdentity(c);
      // Whoever is in already keeps the rights that they have.
      if (!hasScope(c.var.caller, 'ask')) cookies.setLogin(c, await logins.create(['ask'], accepted.keyId));
      c.header('cache-control', 'no-store');
      return c.json({ name: accepted.invite.name, joinToken: accepted.joinToken }, 200);
    },
  );
  app.openapi(
    route(
      {
        method: 'post',
        path: '/{id}/revoke',
        summary: 'End an invite; whoever accepted it is signed out, and their devices leave',
        tag,
        scope: 'admin',
      },
      { request: { params }, responses: { 200: answers(Invite, 'The invite as it is now') } },
    ),
    async (c) => {
      const { id } = c.req.valid('param');
      const invite = await invites.revoke(id);
      if (!invite) throw unknownInvite(id);
      expel(nodesOf(id));
      return c.json(view(invite), 200);
    },
  );
  app.openapi(
    route(
      { method: 'delete', path: '/{id}', summary: 'End an invite and forget it', tag, scope: 'admin' },
      { request: { params }, responses: { 204: done } },
    ),
    async (c) => {
      const { id } = c.req.valid('param');
      const nodes = nodesOf(id);
      if (!(await invites.remove(id))) throw unknownInvite(id);
      expel(nodes);
      return noContent(c);
    },
  );
  return app;
}

function unknownInvite(id: string): ApiError {
  return new ApiError(404, `There is no invite ${id}.`, { code: 'invite_not_found', param: 'id' });
}
