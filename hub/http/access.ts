/** Whether a request was made on the hub's own machine, and whether a page of another origin is behind it. */
import type { Context } from 'hono';
import { machineNames } from '../network/reachability/localNames.ts';
import { askedUrl, connectionOf, type Connection } from './source.ts';

/** Headers that a proxy adds: behind one, everybody seems to be on this machine. */
const proxyHeaders =
  /^(forwarded|x-forwarded(-.+)?|x-original-(forwarded-for|host)|x-real-ip|via|(x-(cluster-)?|true-|fly-)client-ip|cf-connecting-ip|x-envoy-external-address)$/;

export interface LocalTrust {
  /** What the request may do without a key: nothing, ask, or administer too. */
  may: 'nothing' | 'ask' | 'administer';
  /** What makes a request from this machine look as if a proxy passed it on, in words. */
  proxySign?: string;
  /** True where a balancer looks the same that passes TCP on as it comes. */
  mayBeBalancer?: boolean;
}

const nothing: LocalTrust = { may: 'nothing' };

/**
 * What a request may do because it was made on this machine, by a program or by a page of this hub. The name that was
 * asked must be this machine's own, with the hub's port: a proxy that passes the name on, a forwarded port and DNS
 * rebinding show themselves by it. A proxy that replaces the name can't be told from a program, except where it speaks
 * as nginx does.
 */
export function localTrust(c: Context): LocalTrust {
  const connection = connectionOf(c);
  // A socket whose client has gone knows its port no more.
  if (connection?.socket.localPort === undefined) return nothing;
  if (!isLoopbackAddress(connection.socket.remoteAddress)) return nothing;
  const header = Object.keys(c.req.header()).find((name) => proxyHeaders.test(name));
  if (header !== undefined) return { may: 'nothing', proxySign: `the header ${header}` };
  const { origin: asked, protocol } = askedUrl(c);
  const host = c.req.header('host');
  if (host === undefined || !isOwnHost(host, protocol, connection.socket.localPort)) {
    return {
      may: 'nothing',
      proxySign: `the Host "${(host ?? '').slice(0, 100)}", which is not this machine's`,
      mayBeBalancer: connection.httpVersion !== '1.0' && !/close/i.test(connection.header ?? ''),
    };
  }
  const origin = c.req.header('origin');
  if (origin !== undefined && origin !== asked) return nothing;
  if (!isOwnSite(c.req.header('sec-fetch-site'))) return nothing;
  if (connection.httpVersion === '1.0') return { may: 'ask', proxySign: 'HTTP/1.0, as nginx speaks it' };
  return trustByConnectionHeader(c, connection);
}

/**
 * nginx in HTTP/1.1 closes each connection unless its configuration changes that, and with what people copy for web
 * sockets it says "upgrade", some with every request. Browsers do that for web sockets only, over which nothing is
 * administered; few programs do it.
 */
function trustByConnectionHeader(c: Context, { header }: Connection): LocalTrust {
  switch (header?.trim().toLowerCase()) {
    case 'close':
      return { may: 'ask', proxySign: '"Connection: close", as nginx sends it' };
    case 'upgrade':
      return c.req.header('upgrade')?.toLowerCase() === 'websocket'
        ? { may: 'ask' }
        : { may: 'ask', proxySign: '"Connection: upgrade" without a web socket, as nginx sends it' };
    default:
      return { may: 'administer', ...phoneSign(c) };
  }
}

/** Nobody runs a hub on a phone and opens it there, but a developer's browser can pretend to be one: a sign, and no more. */
function phoneSign(c: Context): Pick<LocalTrust, 'proxySign'> {
  const [phone] = /iPhone|iPad|Android/.exec(c.req.header('user-agent') ?? '') ?? [];
  return phone === undefined || process.platform === 'android' ? {} : { proxySign: `a browser on ${phone}` };
}

/**
 * True where no page of another origin is behind the request: a page that this hub served, or a program. A browser's own
 * word (Sec-Fetch-Site, on HTTPS and on localhost) holds behind any proxy. Without it the Origin has to be the host that
 * was asked; browsers leave Origin out when a page reads from its own origin.
 */
export function isFromOwnPage(c: Context): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return isOwnSite(site);
  const origin = c.req.header('origin');
  return origin === undefined || URL.parse(origin)?.host === hostOf(c.var.source.host);
}

function isOwnSite(site: string | undefined): boolean {
  return site === undefined || site === 'same-origin' || site === 'none';
}

function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);
}

function isOwnHost(host: string, protocol: string, port: number | undefined): boolean {
  const url = URL.parse(`${protocol}//${host}`);
  if (!url) return false;
  const askedPort = Number(url.port || (protocol === 'https:' ? 443 : 80));
  return askedPort === port && isOwnName(url.hostname);
}

function isOwnName(name: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(name) || machineNames().includes(name);
}

/** Without the port that goes without saying. */
function hostOf(host: string | undefined): string | undefined {
  return host === undefined ? undefined : URL.parse(`http://${host}`)?.host;
}
