/** Where a request comes from, as far as that can be believed. */
import type { Context } from 'hono';
import { getConnInfo } from '@hono/node-server/conninfo';

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

/**
 * True where the request was made on this machine by a program, or by a page of this machine. A page from elsewhere
 * is none of both: it shows itself by its Origin, or, after DNS rebinding, by the Host that it believes to ask.
 */
export function isTrustedLocal(c: Context): boolean {
  if (!isLoopbackAddress(remoteAddress(c))) return false;
  if (proxyHeaders.some((name) => c.req.header(name) !== undefined)) return false;
  const host = c.req.header('host');
  if (host === undefined || !isLocalOrNumeric(hostnameOf(`http://${host}`))) return false;
  const origin = c.req.header('origin');
  if (origin !== undefined) return isLocalName(hostnameOf(origin)) || hostOf(origin) === host;
  return c.req.header('sec-fetch-site') !== 'cross-site';
}

/**
 * True where no page of another origin is behind the request: a page that this hub served, or a program. Browsers leave
 * Origin out when a page reads from its own origin.
 */
export function isFromOwnPage(c: Context): boolean {
  const origin = c.req.header('origin');
  if (origin !== undefined) return hostOf(origin) === c.req.header('host');
  const site = c.req.header('sec-fetch-site');
  return site === undefined || site === 'same-origin' || site === 'none';
}

/** The address at the other end of the connection. */
export function remoteAddress(c: Context): string | undefined {
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
