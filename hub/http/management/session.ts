/** Who the caller is; logging in and out; the administrator's password. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Login, NewPassword, Session } from '@potluck/api';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { AdminPassword } from '../../access/adminPassword.ts';
import type { ApiKeys } from '../../access/apiKeys.ts';
import { Attempts } from '../../access/attempts.ts';
import { loginSeconds, type Logins } from '../../access/logins.ts';
import { isFromOwnPage, remoteAddress } from '../access.ts';
import { ApiError } from '../apiError.ts';
import { giveIdentity, loginCookie, type Caller } from '../caller.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, route, takes } from './route.ts';

export interface SessionComponents {
  password: AdminPassword;
  keys: ApiKeys;
  logins: Logins;
  hub: { id: string; version: string };
}

const tag = 'Session';

/** Routes to mount under `/session`. */
export function sessionRoutes({ password, keys, logins, hub }: SessionComponents): OpenAPIHono {
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
      giveIdentity(c);
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
      const address = remoteAddress(c) ?? 'unknown';
      const wait = attempts.waitSeconds(address);
      if (wait > 0) {
        throw new ApiError(429, `Too many wrong tries. Wait ${wait} s.`, {
          code: 'rate_limit_exceeded',
          retryAfterSeconds: wait,
        });
      }
      const opened = await open(login);
      if (!opened) {
        attempts.failed(address);
        const what = 'password' in login ? 'password' : 'key';
        throw new ApiError(401, `The ${what} is wrong.`, { code: `invalid_${what}`, param: what });
      }
      attempts.succeeded(address);
      giveIdentity(c);
      setLogin(c, await logins.create(opened.scopes, opened.keyId));
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
      const cookie = getCookie(c, loginCookie);
      if (cookie !== undefined) await logins.end(cookie);
      deleteCookie(c, loginCookie, { path: '/' });
      const { caller } = c.var;
      return c.json(describe(caller.via === 'login' ? { scopes: [], via: 'none' } : caller), 200);
    },
  );

  app.openapi(
    route(
      { method: 'put', path: '/password', summary: 'Choose the administrator’s password', tag },
      { request: takes(NewPassword), responses: { 200: answers(Session, 'It is set; other logins ended') } },
    ),
    async (c) => {
      refuseOtherPages(c);
      const { password: chosen, current } = c.req.valid('json');
      if (password.isGiven) {
        throw new ApiError(409, 'POTLUCK_ADMIN_PASSWORD sets the password. Change it there.', {
          code: 'conflict',
        });
      }
      if (password.isSet ? !(await password.verify(current ?? '')) : c.var.caller.via !== 'local') {
        throw password.isSet
          ? new ApiError(403, 'The current password is wrong.', { code: 'not_allowed', param: 'current' })
          : new ApiError(403, 'The first password is chosen on the hub’s own machine.', {
              code: 'not_allowed',
            });
      }
      await password.set(chosen);
      await logins.endAll();
      setLogin(c, await logins.create(['ask', 'admin'], null));
      const caller = c.var.caller.via === 'local' ? c.var.caller : { scopes: ['ask', 'admin'] as const };
      return c.json(describe({ via: 'login', ...caller }), 200);
    },
  );
  return app;

  async function open(
    login: Login,
  ): Promise<{ scopes: ('ask' | 'admin')[]; keyId: string | null } | undefined> {
    if ('password' in login) {
      return (await password.verify(login.password)) ? { scopes: ['ask', 'admin'], keyId: null } : undefined;
    }
    const key = keys.use(login.key);
    return typeof key === 'object' ? { scopes: key.scopes, keyId: key.id } : undefined;
  }
}

/** A page of another origin must not log its visitor in or out. */
function refuseOtherPages(c: Context): void {
  if (isFromOwnPage(c)) return;
  throw new ApiError(403, 'Only the hub’s own pages may do this.', { code: 'not_allowed' });
}

function setLogin(c: Context, cookie: string): void {
  setCookie(c, loginCookie, cookie, {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: new URL(c.req.url).protocol === 'https:',
    maxAge: loginSeconds,
  });
}
