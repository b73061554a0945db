/** Who the caller is; logging in and out; the admin password. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { Login, NewPassword, Session, type Scope } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { AdminPassword } from '../../accounts/adminPassword.ts';
import type { ApiKeys } from '../../accounts/apiKeys.ts';
import { Attempts } from '../../accounts/attempts.ts';
import type { Logins } from '../../accounts/logins.ts';
import { localTrust } from '../access.ts';
import { ApiError } from '../apiError.ts';
import { hasScope, type Caller } from '../caller.ts';
import type { HubCookies } from '../cookies.ts';
import { beginTry } from './beginTry.ts';
import { openApiRoutes } from './openApi.ts';
import { refuseOtherPages } from './refuseOtherPages.ts';
import { answers, route, takes } from './route.ts';

export interface SessionComponents {
  password: AdminPassword;
  keys: ApiKeys;
  logins: Logins;
  cookies: HubCookies;
  hub: { id: string; version: string };
}

const tag = 'Session';
const askForOne = 'Whoever runs the hub can make another one, in its settings.';
const noPassword = 'There is no admin password yet: it is chosen on the hub’s own machine, in the settings.';

function isOnHubMachine(c: Context): boolean {
  return !c.var.source.isBehindProxy && localTrust(c).may === 'administer';
}

/** Routes to mount under `/session`. */
export function sessionRoutes({ password, keys, logins, cookies, hub }: SessionComponents): OpenAPIHono {
  const app = openApiRoutes();
  const attempts = new Attempts();
  const describe = ({ scopes, via }: Pick<Caller, 'scopes' | 'via'>): Session => ({
    scopes: [...scopes],
    via,
    hasAdminPassword: password.isSet,
    maySetAdminPassword: !password.isGiven && (password.isSet ? scopes.includes('admin') : via === 'local'),
    hub,
  });

  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'Who am I?', tag },
      { responses: { 200: answers(Session, 'Who you are, and what you may do') } },
    ),
    (c) => {
      cookies.giveIdentity(c);
      return c.json(describe(c.var.caller), 200);
    },
  );

  app.openapi(
    route(
      { method: 'post', path: '/', summary: 'Log in', tag },
      { request: takes(Login), responses: { 200: answers(Session, 'Logged in; a cookie is set') } },
    ),
    async (c) => {
      refuseOtherPages(c);
      const login = c.req.valid('json');
      const address = beginTry(c, attempts);
      const opened = await open(login);
      if (typeof opened === 'string') {
        const [param = 'secret'] = Object.keys(login);
        throw new ApiError(401, opened, { code: `invalid_${param}`, param });
      }
      if (opened.keyId === null) attempts.forget(address);
      else attempts.takeBack(address);
      cookies.giveIdentity(c);
      cookies.setLogin(c, await logins.create(opened.scopes, opened.keyId));
      return c.json(describe({ scopes: opened.scopes, via: 'login' }), 200);
    },
  );

  app.openapi(
    route(
      { method: 'delete', path: '/', summary: 'Log out', tag },
      { responses: { 200: answers(Session, 'Who you are now') } },
    ),
    async (c) => {
      refuseOtherPages(c);
      for (const cookie of cookies.logins(c)) await logins.end(cookie);
      cookies.removeLogins(c);
      const { caller } = c.var;
      return c.json(describe(caller.via === 'login' ? { scopes: [], via: 'none' } : caller), 200);
    },
  );

  app.openapi(
    route(
      { method: 'put', path: '/password', summary: 'Choose the admin password', tag },
      { request: takes(NewPassword), responses: { 200: answers(Session, 'It is set; other logins ended') } },
    ),
    async (c) => {
      refuseOtherPages(c);
      const { password: chosen, current } = c.req.valid('json');
      if (password.isGiven) {
        throw new ApiError(
          409,
          'The hub was started with a password (POTLUCK_ADMIN_PASSWORD). Start it with another one.',
          {
            code: 'conflict',
          },
        );
      }
      if (password.isSet) {
        // Who is elsewhere and not signed in learns nothing of it, whether what is given is right or wrong.
        if (!hasScope(c.var.caller, 'admin') && !isOnHubMachine(c)) {
          throw new ApiError(403, 'Sign in with the admin password before you change it.', {
            code: 'not_allowed',
          });
        }
        const address = beginTry(c, attempts);
        if (!(await password.verify(current ?? ''))) {
          throw new ApiError(403, 'The current password is wrong.', {
            code: 'not_allowed',
            param: 'current',
          });
        }
        attempts.forget(address);
      } else if (c.var.caller.via !== 'local') {
        throw new ApiError(403, 'The first password is chosen on the hub’s own machine.', {
          code: 'not_allowed',
        });
      }
      await password.set(chosen);
      await logins.endAll();
      cookies.setLogin(c, await logins.create(['ask', 'admin'], null));
      return c.json(describe({ scopes: ['ask', 'admin'], via: 'login' }), 200);
    },
  );
  return app;

  /** @returns what it opens, or why it opens nothing */
  async function open(login: Login): Promise<{ scopes: Scope[]; keyId: string | null } | string> {
    const chosen = 'password' in login ? login.password : 'secret' in login ? login.secret : undefined;
    if (chosen !== undefined && (await password.verify(chosen)))
      return { scopes: ['ask', 'admin'], keyId: null };
    if ('password' in login) return password.isSet ? 'The password is wrong.' : noPassword;
    const key = keys.use('secret' in login ? login.secret : login.key);
    if (typeof key === 'object') return { scopes: key.scopes, keyId: key.id };
    if (key !== undefined)
      return `This key ${key === 'revoked' ? 'was revoked' : 'has expired'}. ${askForOne}`;
    if ('key' in login) return `This hub has no such key. ${askForOne}`;
    return password.isSet ? hubText('wrong-secret', {}) : `This hub has no such key. ${noPassword}`;
  }
}
