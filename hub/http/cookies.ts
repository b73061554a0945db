/**
 * The hub's two cookies: a login, and the identity of a browser. Cookies know no ports, so their names carry the hub's id,
 * and two hubs on one host leave each other's alone. HTTPS has a login cookie of its own: a browser lets no page of plain
 * HTTP replace a Secure cookie.
 */
import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { loginSeconds } from '../accounts/logins.ts';

/** Names that all hubs had in common before; still read, so that nobody has to log in anew. */
const formerNames = { login: 'potluck_login', identity: 'potluck_identity' } as const;
/** The longest that browsers keep a cookie. */
const identitySeconds = 400 * 24 * 3600;
const common = { path: '/', httpOnly: true, sameSite: 'Strict' } as const;

export interface HubCookies {
  /** Name of the login cookie on plain HTTP, for descriptions. */
  readonly loginName: string;
  /** Login cookies that the browser sent, the one for this protocol first. */
  logins(c: Context): string[];
  setLogin(c: Context, secret: string): void;
  removeLogins(c: Context): void;
  identity(c: Context): string | undefined;
  /** Gives a browser its identity, if it has none. */
  giveIdentity(c: Context): void;
}

export function hubCookies(hubId: string): HubCookies {
  const id = hubId.replaceAll('-', '').slice(0, 12);
  const login = `potluck_login_${id}`;
  const secureLogin = `__Host-${login}`;
  const identityName = `potluck_identity_${id}`;
  const identity = (c: Context): string | undefined =>
    [identityName, formerNames.identity]
      .map((name) => getCookie(c, name))
      .find((value) => value !== undefined && /^[\w-]{32}$/.test(value));
  const isSecure = (c: Context): boolean => c.var.source.protocol === 'https';
  return {
    loginName: login,
    logins: (c) => [secureLogin, login, formerNames.login].flatMap((name) => getCookie(c, name) ?? []),
    setLogin: (c, secret) => {
      const secure = isSecure(c);
      setCookie(c, secure ? secureLogin : login, secret, { ...common, secure, maxAge: loginSeconds });
    },
    removeLogins: (c) => {
      if (isSecure(c)) deleteCookie(c, secureLogin, { path: '/', secure: true });
      for (const name of [login, formerNames.login]) deleteCookie(c, name, { path: '/' });
    },
    identity,
    giveIdentity: (c) => {
      if (identity(c) !== undefined) return;
      setCookie(c, identityName, randomBytes(24).toString('base64url'), {
        ...common,
        maxAge: identitySeconds,
      });
    },
  };
}
