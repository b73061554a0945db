/** Addresses of the hub that the operator gives: a name or number, one with a port, or a whole URL. */
import { isIP } from 'node:net';
import { isDnsName } from './localNames.ts';

/** Where others reach the hub, as the operator says. */
export interface PublicAddress {
  /** Without a slash at its end; may have a path. */
  url: string;
  /** False where another program, such as a proxy, shows its own certificate there. */
  showsHubCertificate: boolean;
}

interface GivenAddress {
  /** Name or number, without brackets. */
  host: string;
  port?: number;
  /** Of an address that was given with a scheme. */
  url?: string;
}

/** @returns the address in one spelling, for the functions below; undefined for what is no address */
export function readAddress(text: string): string | undefined {
  if (/^https?:\/\//i.test(text)) return readUrl(text);
  const [, host = '', port] =
    /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(isIP(text) === 6 ? `[${text}]` : text) ?? [];
  const plain = host.replace(/^\[(.+)\]$/, '$1').toLowerCase();
  const isHost = host.startsWith('[') ? isIP(plain) === 6 : isIP(plain) === 4 || isDnsName(plain);
  if (!isHost || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return undefined;
  return port === undefined ? plain : `${host.toLowerCase()}:${Number(port)}`;
}

/** Names and numbers that were given alone: the hub's own ports are open there. */
export function plainHosts(addresses: readonly string[]): string[] {
  return addresses
    .map(parse)
    .flatMap(({ host, port, url }) => (port === undefined && url === undefined ? [host] : []));
}

/** Names and numbers of all addresses, for a certificate. */
export function namesOf(addresses: readonly string[]): string[] {
  return [...new Set(addresses.map((address) => parse(address).host))];
}

/** Addresses that were given with a port or as a URL. */
export function publicAddresses(addresses: readonly string[], hasHttps: boolean): PublicAddress[] {
  return addresses.map(parse).flatMap(({ host, port, url }) => {
    if (url !== undefined) return [{ url, showsHubCertificate: false }];
    if (port === undefined) return [];
    const inUrl = host.includes(':') ? `[${host}]` : host;
    const { origin } = new URL(`${hasHttps ? 'https' : 'http'}://${inUrl}:${port}`);
    return [{ url: origin, showsHubCertificate: hasHttps }];
  });
}

function readUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || url.username !== '' || url.search !== '' || url.hash !== '') return undefined;
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** @param address as `readAddress` returns it */
function parse(address: string): GivenAddress {
  if (isIP(address) !== 0) return { host: address };
  if (/^https?:/.test(address)) {
    return { host: new URL(address).hostname.replace(/^\[(.+)\]$/, '$1'), url: address };
  }
  const [, host = address, port] = /^(.+):(\d+)$/.exec(address) ?? [];
  return { host: host.replace(/^\[(.+)\]$/, '$1'), ...(port === undefined ? {} : { port: Number(port) }) };
}
