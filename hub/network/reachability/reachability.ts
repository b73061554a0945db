/** How others reach this hub. */
import { isIP } from 'node:net';
import { joinLink } from '@potluck/protocol';
import { certificatesIn, namesIn, type HubCertificate } from '../certificate/hubCertificate.ts';
import type { CertificateNames } from '../certificate/ownCertificate.ts';
import { namesOf, plainHosts, type PublicAddress } from './givenAddress.ts';
import { isDnsName, lanAddresses, lanAddresses6, machineNames } from './localNames.ts';
import { workerPackagePath } from '../workerPackagePath.ts';
import { shellQuoted } from './shellQuoted.ts';

export interface Reachability {
  httpPort: number;
  /** Undefined where HTTPS is off. */
  httpsPort?: number;
  /** Names and addresses of the hub as they stand in a URL, the likeliest first; at least one. */
  hosts: readonly string[];
  /** Other ways to the hub, the likeliest first; they come before `hosts`. */
  publicAddresses?: readonly PublicAddress[];
  /** What workers hold on to when they join over HTTPS; see HubCertificate. */
  fingerprint?: string;
}

export interface HostSettings {
  /** Where the hub listens; undefined means all addresses. */
  host?: string;
  /** Further addresses, as `readAddress` returns them: behind a port forward, in a container, behind a proxy. */
  addresses?: readonly string[];
}

/** Names and addresses as they stand in a URL, the likeliest first. */
export function hostsOf({ host, addresses = [] }: HostSettings): string[] {
  const own = isWildcard(host) ? lanAddresses() : [host];
  const all = [...plainHosts(addresses), ...own].map(bracketed);
  return all.length > 0 ? [...new Set(all)] : ['127.0.0.1'];
}

/**
 * Names of a certificate that somebody brought: it is for these, so others reach the hub by them without a warning. The
 * hub's own names whatever the machine has.
 */
export function namedHosts(certificate: HubCertificate | undefined): string[] {
  if (!certificate || certificate.kind === 'own') return [];
  const [server] = certificatesIn(certificate.certificate);
  const names = server ? namesIn(server) : [];
  return names.filter((name) => isIP(name) === 0 && isDnsName(name) && name !== 'localhost');
}

/** What a certificate must name, so that each way to this hub works. */
export function certificateNames({ host, addresses = [] }: HostSettings): CertificateNames {
  const own = isWildcard(host) ? lanAddresses() : isIP(host) === 6 ? [] : [host];
  return {
    required: [
      ...new Set([...namesOf(addresses), ...machineNames(), 'localhost', ...own, '127.0.0.1', '::1']),
    ],
    optional: isWildcard(host) ? lanAddresses6() : [host],
  };
}

/** Links that a person opens on another device, the likeliest first: HTTPS where there is some, else plain HTTP. */
export function joinLinks(reach: Reachability, token: string): string[] {
  return waysTo(reach).map(({ url }) => joinLink({ hubUrl: url, token }));
}

/** Links by which friends accept an invite, the likeliest first. */
export function inviteLinks(reach: Reachability, invite: string): string[] {
  return waysTo(reach).map(({ url }) => joinLink({ hubUrl: url, token: '', invite }));
}

/**
 * Commands that make a machine with Node join: npx fetches this hub's own version from it. npm believes no certificate that
 * the hub made itself, so the package comes over plain HTTP then. No script of a package runs: none is needed. The likeliest first.
 */
export function workerCommands(reach: Reachability, token: string): string[] {
  return waysTo(reach).map(({ url, showsHubCertificate }) => {
    const trust = showsHubCertificate && reach.fingerprint ? ` --fingerprint ${reach.fingerprint}` : '';
    const packageUrl = `${showsHubCertificate ? plainUrl(url, reach) : url}${workerPackagePath}`;
    return `npx --yes --ignore-scripts ${shellQuoted(packageUrl)} worker --hub ${shellQuoted(url)} --token ${shellQuoted(token)}${trust}`;
  });
}

/** The same host at the port for plain HTTP. */
function plainUrl(url: string, { httpPort }: Reachability): string {
  return `http://${new URL(url).hostname}:${httpPort}`;
}

/** The hub's addresses as URLs, the likeliest first. */
export function hubUrls(reach: Reachability): string[] {
  return waysTo(reach).map(({ url }) => url);
}

/** Public addresses, then the hub's own ports: HTTPS where there is some, else plain HTTP. */
function waysTo({ publicAddresses = [], hosts, httpPort, httpsPort }: Reachability): PublicAddress[] {
  const own = hosts.map((host) =>
    httpsPort === undefined
      ? { url: `http://${host}:${httpPort}`, showsHubCertificate: false }
      : { url: `https://${host}:${httpsPort}`, showsHubCertificate: true },
  );
  const all = new Map([...publicAddresses, ...own].map((way) => [way.url, way]));
  return [...all.values()];
}

export function isWildcard(host: string | undefined): host is undefined | '0.0.0.0' | '::' {
  return host === undefined || host === '0.0.0.0' || host === '::';
}

/** An address as it stands in a URL. */
export function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
