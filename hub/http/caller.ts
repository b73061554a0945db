/** Who asks: by key, by login, or from the hub's own machine; and whose words theirs are. */
import { createHash } from 'node:crypto';
import type { Scope } from '@potluck/api';
import type { Context, MiddlewareHandler } from 'hono';
import type { ApiKeys, UsedKey } from '../accounts/apiKeys.ts';
import type { Logins } from '../accounts/logins.ts';
import type { ProxySigns } from '../accounts/proxySigns.ts';
import { sameSecret } from '../accounts/secrets.ts';
import { isFromOwnPage, localTrust } from './access.ts';
import { ApiError } from './apiError.ts';
import type { HubCookies } from './cookies.ts';
import { isOllamaPath } from './ollama/ollamaPaths.ts';
import { connectionOf } from './source.ts';

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
  cookies: Pick<HubCookies, 'logins' | 'identity'>;
  /** True where the hub's own machine may ask without a key. */
  trustLocal: () => boolean;
  /** Once there is an administrator's password, the management API asks this machine for it, too. */
  hasPassword: () => boolean;
  /** The key that commands of the hub's own user read from its data directory; undefined: there is none. */
  localKey?: string | undefined;
  proxySigns: Pick<ProxySigns, 'note' | 'noteBrowser'>;
  /** True for one of several hubs: a balancer is before them. Default false. */
  hasBalancer?: boolean;
}

declare module 'hono' {
  interface ContextVariableMap {
    caller: Caller;
    /** Finds out again who asks: keys and logins can end while an answer goes on. */
    callerNow: () => Caller;
  }
}

const managementPath = /^\/api(\/|$)/;

/** Finds out who asks, for all that comes after it. */
export function identify(options: CallerOptions): MiddlewareHandler {
  return async function identifyCaller(c, next) {
    const callerNow = (): Caller => callerOf(c, options);
    c.set('callerNow', callerNow);
    c.set('caller', callerNow());
    await next();
  };
}

/** Lets in who may do this. @param hint what to say to those who show nothing */
export function requireScope(scope: Scope, hint: string): MiddlewareHandler {
  return async function checkScope(c, next) {
    const { via, keyProblem } = c.var.caller;
    if (keyProblem !== undefined) {
      throw new ApiError(401, `${keyProblem} ${hint}`, { code: 'invalid_api_key' });
    }
    if (!hasScope(c.var.caller, scope)) {
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

/** Who administers may ask. */
export function hasScope({ scopes }: Pick<Caller, 'scopes'>, scope: Scope): boolean {
  return scopes.includes(scope) || scopes.includes('admin');
}

function callerOf(c: Context, options: CallerOptions): Caller {
  const { keys, logins, cookies, localKey } = options;
  const sent = bearerOf(c) ?? c.req.header('x-api-key');
  if (sent !== undefined && localKey !== undefined && sameSecret(sent, localKey)) {
    return { scopes: ['ask', 'admin'], via: 'local', owner: 'local' };
  }
  const key = sent === undefined ? undefined : keys.use(sent);
  if (key === 'expired' || key === 'revoked') {
    return { scopes: [], via: 'none', owner: 'nobody', keyProblem: `The key is ${key}.` };
  }
  if (key) return { scopes: key.scopes, via: 'key', owner: `key:${key.id}`, key };
  // Cookies count only for pages that this hub served: a page of another origin can't act for its visitor.
  const ownPage = isFromOwnPage(c);
  const identity = ownPage ? cookies.identity(c) : undefined;
  for (const cookie of ownPage ? cookies.logins(c) : []) {
    const login = logins.find(cookie);
    const loginKey = login?.keyId ? keys.find(login.keyId) : undefined;
    if (!login || (login.keyId !== null && !loginKey)) continue;
    const scopes = loginKey?.scopes ?? login.scopes;
    return { scopes, via: 'login', owner: ownerOf(identity), ...(loginKey ? { key: loginKey } : {}) };
  }
  const scopes = localScopes(c, options);
  if (scopes.length > 0) {
    const owner = ownerOf(identity, 'local');
    if (identity !== undefined) {
      const connection = connectionOf(c)?.socket;
      options.proxySigns.noteBrowser(owner, { connection, userAgent: c.req.header('user-agent') });
    }
    return { scopes, via: 'local', owner };
  }
  const keyProblem = sent === undefined ? {} : { keyProblem: 'The key is wrong.' };
  return { scopes: [], via: 'none', owner: 'nobody', ...keyProblem };
}

/** What a request without key and login may do because it comes from this machine. */
function localScopes(
  c: Context,
  { trustLocal, hasPassword, proxySigns, hasBalancer = false }: CallerOptions,
): Scope[] {
  if (c.var.source.isBehindProxy) return [];
  const { may, proxySign, mayBeBalancer = false } = localTrust(c);
  if (proxySign !== undefined && !(hasBalancer && mayBeBalancer)) proxySigns.note(proxySign);
  if (may === 'nothing' || !trustLocal()) return [];
  if (managementPath.test(c.req.path) && !isOllamaPath(c.req.path))
    return hasPassword() || may === 'ask' ? [] : ['ask', 'admin'];
  return ['ask'];
}

/** Between whom the hub is shared: keys and browsers, and by address those who show neither. */
export function shareOf(c: Context): string {
  const { owner } = c.var.caller;
  return /^(key|browser):/.test(owner) ? owner : `address:${c.var.source.address ?? ''}`;
}

/** The cookie itself is kept nowhere. */
function ownerOf(identity: string | undefined, otherwise = 'nobody'): string {
  if (identity === undefined) return otherwise;
  return `browser:${createHash('sha256').update(identity).digest('hex')}`;
}

/** The secret of an `Authorization: Bearer …` header. */
export function bearerOf(c: Context): string | undefined {
  return /^Bearer +(.+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
}
