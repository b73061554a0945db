/**
 * The link that makes a device join: `https://192.168.1.20:8443/join#token=…`. What is secret stands behind the `#`,
 * which browsers send to nobody.
 */
import { ProtocolError } from './errors.ts';
import { atHub, plainHubUrl } from './hubPath.ts';

/** Page of the app that joins. */
export const joinPath = '/join';

export interface JoinLink {
  /** URL of the hub, such as `https://192.168.1.20:8443` or `https://example.org/potluck`. */
  hubUrl: string;
  /** Join token; empty where there is none. */
  token: string;
  /** Secret of an invite, which is accepted for a join token and a login. */
  invite?: string;
  /** Start contributing without a click; for browsers that nobody sits at. */
  auto?: boolean;
  /** Name for people. */
  name?: string;
  /** The most that the worker's stages may use, in bytes. */
  memoryBytes?: number;
  /** Main memory that this browser may count on, in bytes; for browsers in containers, and several on one machine. */
  mainMemoryBytes?: number;
  /** SHA-256 of the certificate at the end of the hub's chain; for workers outside of browsers. */
  fingerprint?: string;
}

/** Writes a join link. */
export function joinLink(link: JoinLink): string {
  const { hubUrl, token, invite, auto, name, memoryBytes, mainMemoryBytes, fingerprint } = link;
  const fragment = new URLSearchParams(invite === undefined ? { token } : { invite });
  if (auto) fragment.set('auto', '1');
  if (name !== undefined) fragment.set('name', name);
  if (memoryBytes !== undefined) fragment.set('memory', String(memoryBytes));
  if (mainMemoryBytes !== undefined) fragment.set('main-memory', String(mainMemoryBytes));
  if (fingerprint !== undefined) fragment.set('fingerprint', fingerprint);
  return `${atHub(hubUrl, joinPath).href}#${fragment.toString()}`;
}

/**
 * Reads a join link, or a hub's plain URL (the token is empty then).
 * @throws ProtocolError if it is neither
 */
export function readJoinLink(text: string): JoinLink {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new ProtocolError(`"${text}" is no join link and no hub's URL, such as https://192.168.1.20:8443`);
  }
  const fragment = new URLSearchParams(url.hash.slice(1));
  const name = fragment.get('name');
  const invite = fragment.get('invite');
  const memoryBytes = bytesIn(fragment.get('memory'));
  const mainMemoryBytes = bytesIn(fragment.get('main-memory'));
  const fingerprint = fragment.get('fingerprint');
  return {
    hubUrl: plainHubUrl(url.href).replace(/\/join$/, ''),
    token: fragment.get('token') ?? '',
    ...(invite && { invite }),
    ...(fragment.get('auto') === '1' && { auto: true }),
    ...(name && { name }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(mainMemoryBytes !== undefined && { mainMemoryBytes }),
    ...(fingerprint && { fingerprint }),
  };
}

function bytesIn(text: string | null): number | undefined {
  const bytes = Number(text ?? Number.NaN);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}
