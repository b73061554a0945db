/** Who asks: by key, by login, or from the hub's own machine; and whose words theirs are. */
import { createHash, randomBytes } from 'node:crypto';
import type { Scope } from '@potluck/api';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { ApiKeys, UsedKey } from '../access/apiKeys.ts';
import type { Logins } from '../access/logins.ts';
import { isFromOwnPage, isTrustedLocal } from './access.ts';
import { ApiError } from './apiError.ts';

/** What a request may do. */
export interface Caller {
  scopes: readonly Scope[];
  via: 'none' | 'local' | 'key' | 'login';
  /** Whose conversations and words: `local`, `key:<id>` or `browser:<hash>`. */
  owner: string;
  /** The API key, where one was sent or logged in with. */
  key?: UsedKey;
  /** Why a key that was sent opens nothing. */
  keyProblem?: string;
}

export interface CallerOptions {
  keys: Pick<ApiKeys, 'use' | 'find'>;
  logins: Pick<Logins, 'find'>;
  /** True where the hub's own machine needs no key. */
  trustLocal: () => boolean;
}

declare module 'hono' {
  interface ContextVariableMap {
    caller: Caller;
  }
}

const identityCookie = 'potluck_identity';
export const loginCookie = 'potluck_login';
/** The longest that browsers keep a cookie. */
const identitySeconds = 400 * 24 * 3600;

/** Finds out who asks, for all that comes after it. */
export function identify(options: CallerOptions): MiddlewareHandler {
  return async function identifyCaller(c, next) {
    c.set('caller', callerOf(c, options));
    await next();
  };
}

/** Lets in who may do this. @param hint what to say to those who show nothing */
export function requireScope(scope: Scope, hint: string): MiddlewareHandler {
  return async function checkScope(c, next) {
    const { scopes, via, keyProblem } = c.var.caller;
    if (keyProblem !== undefined) {
      throw new ApiError(401, `${keyProblem} ${hint}`, { code: 'invalid_api_key' });
    }
    // Who administers may ask.
    if (!scopes.includes(scope) && !scopes.includes('admin')) {
      if (via === 'none') {
        throw new ApiError(401, `No key was given. ${hint}`, { code: 'invalid_api_key' });
      }
      throw new ApiError(
        403,
        `This needs the right to ${scope === 'admin' ? 'administer' : scope}. ${hint}`,
        {
          code: 'not_allowed',
        },
      );
    }
    await next();
  };
}

/** Gives a browser its identity, if it has none. Called where a page asks who it is. */
export function giveIdentity(c: Context): void {
  if (readIdentity(c) !== undefined) return;
  setCookie(c, identityCookie, randomBytes(24).toString('base64url'), {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    maxAge: identitySeconds,
  });
}

function callerOf(c: Context, { keys, logins, trustLocal }: CallerOptions): Caller {
  const sent = bearerOf(c) ?? c.req.header('x-api-key');
  const key = sent === undefined ? undefined : keys.use(sent);
  if (key === 'expired' || key === 'revoked') {
    return { scopes: [], via: 'none', owner: 'nobody', keyProblem: `The key is ${key}.` };
  }
  if (key) return { scopes: key.scopes, via: 'key', owner: `key:${key.id}`, key };
  // Cookies count only for pages that this hub served: a page of another origin can't act for its visitor.
  const ownPage = isFromOwnPage(c);
  const identity = ownPage ? readIdentity(c) : undefined;
  const cookie = ownPage ? getCookie(c, loginCookie) : undefined;
  const login = cookie === undefined ? undefined : logins.find(cookie);
  const isLocal = trustLocal() && isTrustedLocal(c);
  const owner = identity === undefined ? (isLocal ? 'local' : 'nobody') : ownerOf(identity);
  const loginKey = login?.keyId ? keys.find(login.keyId) : undefined;
  if (isLocal) return { scopes: ['ask', 'admin'], via: 'local', owner };
  if (login && (login.keyId === null || loginKey)) {
    const scopes = loginKey?.scopes ?? login.scopes;
    return { scopes, via: 'login', owner, ...(loginKey ? { key: loginKey } : {}) };
  }
  const keyProblem = sent === undefined ? {} : { keyProblem: 'The key is wrong.' };
  return { scopes: [], via: 'none', owner: 'nobody', ...keyProblem };
}

function readIdentity(c: Context): string | undefined {
  const identity = getCookie(c, identityCookie);
  return identity !== undefined && /^[\w-]{32}$/.test(identity) ? identity : undefined;
}

/** The cookie itself is kept nowhere. */
function ownerOf(identity: string): string {
  return `browser:${createHash('sha256').update(identity).digest('hex')}`;
}

/** The secret of an `Authorization: Bearer …` header. */
export function bearerOf(c: Context): string | undefined {
  return /^Bearer +(.+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
}
