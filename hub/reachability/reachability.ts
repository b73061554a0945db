/** How others reach this hub. */
import { isIP } from 'node:net';
import { joinLink } from '@potluck/protocol';
import { certificatesIn, namesIn, type HubCertificate } from '../certificate/hubCertificate.ts';
import type { CertificateNames } from '../certificate/ownCertificate.ts';
import { isDnsName, lanAddresses, lanAddresses6, machineNames } from './localNames.ts';
import { shellQuoted } from './shellQuoted.ts';

export interface Reachability {
  httpPort: number;
  /** Undefined where HTTPS is off. */
  httpsPort?: number;
  /** Names and addresses of the hub as they stand in a URL, the likeliest first; at least one. */
  hosts: readonly string[];
  /** What workers hold on to when they join over HTTPS; see HubCertificate. */
  fingerprint?: string;
}

export interface HostSettings {
  /** Where the hub listens; undefined means all addresses. */
  host?: string;
  /** Further names and addresses, where it can't see them itself: behind a port forward, in a container. */
  addresses?: readonly string[];
}

/** Names and addresses as they stand in a URL, the likeliest first. */
export function hostsOf({ host, addresses = [] }: HostSettings): string[] {
  const own = isWildcard(host) ? lanAddresses() : [host];
  const all = [...addresses, ...own].map(bracketed);
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
    required: [...new Set([...addresses, ...machineNames(), 'localhost', ...own, '127.0.0.1', '::1'])],
    optional: isWildcard(host) ? lanAddresses6() : [host],
  };
}

/** Links that a person opens on another device, the likeliest first: HTTPS where there is some, else plain HTTP. */
export function joinLinks(reach: Reachability, token: string): string[] {
  return hubUrls(reach).map((hubUrl) => joinLink({ hubUrl, token }));
}

/** Commands that make a machine without a browser join, in a clone of this project; the likeliest first. */
export function workerCommands(reach: Reachability, token: string): string[] {
  const trust =
    reach.httpsPort === undefined || !reach.fingerprint ? '' : ` --fingerprint ${reach.fingerprint}`;
  return hubUrls(reach).map(
    (hubUrl) =>
      `npm run potluck -- worker --hub ${shellQuoted(hubUrl)} --token ${shellQuoted(token)}${trust}`,
  );
}

/** The hub's addresses as URLs, the likeliest first: HTTPS where there is some, else plain HTTP. */
export function hubUrls({ hosts, httpPort, httpsPort }: Reachability): string[] {
  return hosts.map((host) =>
    httpsPort === undefined ? `http://${host}:${httpPort}` : `https://${host}:${httpsPort}`,
  );
}

export function isWildcard(host: string | undefined): host is undefined | '0.0.0.0' | '::' {
  return host === undefined || host === '0.0.0.0' || host === '::';
}

/** An address as it stands in a URL. */
export function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
