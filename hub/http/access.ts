/** Who may ask: programs on this machine, and those that know a secret. */
import type { Context, MiddlewareHandler } from 'hono';
import { getConnInfo } from '@hono/node-server/conninfo';
import { sameSecret } from '../secrets.ts';
import { ApiError } from './apiError.ts';

/** Headers that a proxy adds: behind one, everybody seems to be on this machine. */
const proxyHeaders = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'via',
  'cf-connecting-ip',
  'true-client-ip',
];

export interface AccessOptions {
  /** Any of these opens the door. */
  secrets: string[];
  /** What to say to those who have none. */
  hint: string;
}

/** Lets in who is on this machine or shows a secret as `Authorization: Bearer …` (or `x-api-key`). */
export function requireAccess({ secrets, hint }: AccessOptions): MiddlewareHandler {
  return async function access(c, next) {
    const given = bearerOf(c) ?? c.req.header('x-api-key');
    const isKnown = given !== undefined && secrets.some((secret) => sameSecret(given, secret));
    if (!isKnown && !isTrustedLocal(c)) {
      throw given === undefined
        ? new ApiError(401, `No key was given. ${hint}`, { code: 'invalid_api_key' })
        : new ApiError(401, `The key is wrong. ${hint}`, { code: 'invalid_api_key' });
    }
    await next();
  };
}

function bearerOf(c: Context): string | undefined {
  return /^Bearer +(.+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
}

/**
 * True where the request was made on this machine by a program, or by a page of this machine. A page from elsewhere
 * is none of both: it shows itself by its Origin, or, after DNS rebinding, by the Host that it believes to ask.
 */
function isTrustedLocal(c: Context): boolean {
  if (!isLoopbackAddress(remoteAddress(c))) return false;
  if (proxyHeaders.some((name) => c.req.header(name) !== undefined)) return false;
  const host = c.req.header('host');
  if (host === undefined || !isLocalOrNumeric(hostnameOf(`http://${host}`))) return false;
  const origin = c.req.header('origin');
  if (origin !== undefined) return isLocalName(hostnameOf(origin)) || hostOf(origin) === host;
  return c.req.header('sec-fetch-site') !== 'cross-site';
}

function remoteAddress(c: Context): string | undefined {
  try {
    return getConnInfo(c).remote.address;
  } catch {
    return undefined;
  }
}

function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);
}

function isLocalName(hostname: string | undefined): boolean {
  return hostname !== undefined && /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** A number can't be rebound. */
function isLocalOrNumeric(hostname: string | undefined): boolean {
  return (
    isLocalName(hostname) || (hostname !== undefined && /^(\d+(\.\d+){3}|\[[0-9a-f:.]+\])$/.test(hostname))
  );
}

function hostnameOf(url: string): string | undefined {
  return URL.parse(url)?.hostname;
}

function hostOf(url: string): string | undefined {
  return URL.parse(url)?.host;
}
