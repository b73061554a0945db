/**
 * The hubs that this process knows by a certificate of their own: each is trusted by that and by no other authority. For
 * all other servers the system's authorities vouch, as ever.
 */
import type { X509Certificate } from 'node:crypto';

/** By host and port, as they stand in a URL: https and wss are one hub. */
const pins = new Map<string, string>();

/** Trusts a hub by this certificate from now on; undefined: by the system's authorities. */
export function pinHub(hubUrl: string, pinned: X509Certificate | undefined): void {
  if (!isSecure(hubUrl)) return;
  if (pinned) pins.set(hostOf(hubUrl), pinned.toString());
  else pins.delete(hostOf(hubUrl));
}

/** What vouches for the server at a URL, as Node's `ca` takes it; undefined: the system's authorities. */
export function pinnedAt(url: string | URL): string | undefined {
  return isSecure(url) ? pins.get(hostOf(url)) : undefined;
}

function isSecure(url: string | URL): boolean {
  return /^(https|wss):$/.test(new URL(url).protocol);
}

function hostOf(url: string | URL): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || '443'}`;
}
