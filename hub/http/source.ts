/** Where a request comes from: from the connection, or from the headers of a proxy that the operator named. */
import type { IncomingMessage } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import { passedOnOf } from './passedOn.ts';
import { noProxies, type TrustedProxies } from './trustedProxies.ts';

export interface Source {
  /** Address of who asks; undefined where there is no connection, as in tests. */
  address: string | undefined;
  protocol: 'http' | 'https';
  /** Name and port that the caller asked, as in a Host header. */
  host: string | undefined;
  /** Path below which the caller sees the hub: empty, or such as `/potluck`. */
  prefix: string;
  /** URL under which others reach the hub, where a trusted proxy says so. */
  publicUrl?: string;
  /** True where a trusted proxy passed the request on. */
  isForwarded: boolean;
  /** True where the operator named proxies: nobody counts as a caller on this machine then. */
  isBehindProxy: boolean;
}

declare module 'hono' {
  interface ContextVariableMap {
    source: Source;
  }
}

const hostPattern = /^([\w.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;
const prefixPattern = /^(\/[\w.~-]+)+$/;

/** Finds out where requests come from, for all that comes after it. */
export function findSource(proxies: TrustedProxies = noProxies): MiddlewareHandler {
  return async function setSource(c, next) {
    c.set('source', sourceOf(c, proxies));
    await next();
  };
}

/** The client's own connection, which may be one to another hub. */
export interface Connection {
  socket: { remoteAddress?: string | undefined; localPort?: number | undefined };
  httpVersion: string;
  /** Its header of that name. */
  header: string | undefined;
}

/** The connection that a request came on; undefined where there is none, as in tests. */
export function connectionOf(c: Context): Connection | undefined {
  const passedOn = passedOnOf(c);
  if (passedOn) {
    const { address, localPort, httpVersion, connection } = passedOn;
    return { socket: { remoteAddress: address, localPort }, httpVersion, header: connection };
  }
  const environment = c.env as
    { incoming?: IncomingMessage; server?: { incoming?: IncomingMessage } } | undefined;
  const incoming = environment?.server?.incoming ?? environment?.incoming;
  if (!incoming) return undefined;
  const { socket, httpVersion } = incoming;
  return { socket, httpVersion, header: c.req.header('connection') };
}

/** The URL as the client's own connection has it. */
export function askedUrl(c: Context): URL {
  const url = new URL(c.req.url);
  const passedOn = passedOnOf(c);
  if (passedOn) url.protocol = passedOn.protocol;
  return url;
}

/** The URL under which the caller sees this hub, without a slash at its end; undefined where no host was asked. */
export function hubUrlFor({ protocol, host, prefix }: Source): string | undefined {
  return host === undefined ? undefined : `${protocol}://${host}${prefix}`;
}

function sourceOf(c: Context, proxies: TrustedProxies): Source {
  const address = connectionOf(c)?.socket.remoteAddress;
  const source: Source = {
    address,
    protocol: askedUrl(c).protocol === 'https:' ? 'https' : 'http',
    host: c.req.header('host'),
    prefix: '',
    isForwarded: false,
    isBehindProxy: proxies.isAny,
  };
  if (!proxies.includes(address)) return source;
  const protocol = lastOf(c, 'x-forwarded-proto')?.toLowerCase();
  const host = lastOf(c, 'x-forwarded-host');
  const prefix = lastOf(c, 'x-forwarded-prefix')?.replace(/\/+$/, '');
  const isNamed = host !== undefined && hostPattern.test(host);
  const hasPrefix = prefix !== undefined && prefixPattern.test(prefix);
  const forwarded: Source = {
    address: proxies.callerOf(address, c.req.header('x-forwarded-for')),
    protocol: protocol === 'https' || protocol === 'http' ? protocol : source.protocol,
    host: isNamed ? host : source.host,
    prefix: hasPrefix ? prefix : '',
    isForwarded: true,
    isBehindProxy: true,
  };
  // A proxy that replaces the Host and says nothing else leaves its own way to the hub there.
  const isPublic =
    isNamed || hasPrefix || !/^(localhost|127(\.\d+){3}|\[::1\])(:|$)/.test(source.host ?? 'localhost');
  const publicUrl = isPublic ? hubUrlFor(forwarded) : undefined;
  return { ...forwarded, ...(publicUrl === undefined ? {} : { publicUrl }) };
}

/** Proxies append: the last value is from the one that the operator named, those before it from anybody. */
function lastOf(c: Context, name: string): string | undefined {
  return c.req.header(name)?.split(',').at(-1)?.trim();
}
