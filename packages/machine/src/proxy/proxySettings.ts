/**
 * The proxy that stands between this machine and the internet, as the environment names it: HTTPS_PROXY, HTTP_PROXY and
 * NO_PROXY, in capitals or not.
 */
import { BlockList, isIP } from 'node:net';

/** Thrown for a variable that can't be understood; the message names it. */
export class ProxySettingsError extends Error {
  override readonly name = 'ProxySettingsError';
}

export interface ProxySettings {
  /** For `http:` and `ws:`. */
  http: URL | undefined;
  /** For `https:` and `wss:`. */
  https: URL | undefined;
  /** Hosts that are asked directly: names (with all below them), addresses, networks such as `10.0.0.0/8`, or `*`. */
  direct: readonly string[];
}

/** @throws ProxySettingsError */
export function proxySettings(environment: NodeJS.ProcessEnv = process.env): ProxySettings {
  return {
    http: proxyUrl('HTTP_PROXY', environment),
    https: proxyUrl('HTTPS_PROXY', environment),
    direct: (valueOf('NO_PROXY', environment) ?? '').split(/[\s,]+/).filter((entry) => entry !== ''),
  };
}

/**
 * Which proxy leads to a URL; undefined where it is asked directly. This machine, and machines of the same network
 * (private addresses, names without a dot or below `.local`), are never asked through a proxy.
 */
export function proxyFor(url: string | URL, settings: ProxySettings): URL | undefined {
  const { protocol, hostname, port } = new URL(url);
  const isSecure = protocol === 'https:' || protocol === 'wss:';
  const proxy = isSecure ? settings.https : settings.http;
  const host = hostname.replace(/^\[(.+)\]$/, '$1').toLowerCase();
  if (!proxy || isNear(host)) return undefined;
  const hostPort = port || (isSecure ? '443' : '80');
  return settings.direct.some((entry) => names(entry.toLowerCase(), host, hostPort)) ? undefined : proxy;
}

const near = new BlockList();
for (const [network, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  near.addSubnet(network, bits, 'ipv4');
}
near.addAddress('::1', 'ipv6');
near.addSubnet('fc00::', 7, 'ipv6');
near.addSubnet('fe80::', 10, 'ipv6');

function isNear(host: string): boolean {
  const family = isIP(host);
  if (family !== 0) return near.check(host, family === 6 ? 'ipv6' : 'ipv4');
  return !host.includes('.') || /\.(local|localhost)$/.test(host);
}

/** Does an entry of NO_PROXY name this host? */
function names(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const [, network = '', bits = ''] = /^([^/]+)\/(\d+)$/.exec(entry) ?? [];
  if (network !== '') return isWithin(host, network, Number(bits));
  const [, name = entry, entryPort] = /^(\[.+\]|[^:]+):(\d+)$/.exec(entry) ?? [];
  if (entryPort !== undefined && entryPort !== port) return false;
  const plain = name.replace(/^\[(.+)\]$/, '$1').replace(/^\*?\./, '');
  return host === plain || host.endsWith(`.${plain}`);
}

function isWithin(host: string, network: string, bits: number): boolean {
  const family = isIP(host);
  if (family === 0 || isIP(network) !== family || bits > (family === 6 ? 128 : 32)) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(network, bits, type);
  return list.check(host, type);
}

/** The name in small letters wins, as with curl. */
function valueOf(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  return [environment[name.toLowerCase()], environment[name]].find(
    (value) => value !== undefined && value !== '',
  );
}

function proxyUrl(name: string, environment: NodeJS.ProcessEnv): URL | undefined {
  const text = valueOf(name, environment);
  if (text === undefined) return undefined;
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url && /^https?:$/.test(url.protocol) && /[.:]|^localhost$/.test(url.host)) return url;
  throw new ProxySettingsError(
    `${name} is "${withoutPassword(text)}": it takes the URL of an HTTP proxy, such as http://proxy.example.org:3128`,
  );
}

const withoutPassword = (text: string): string => text.replace(/\/\/[^/@]*@/, '//…@');
