/** Is the hub at an https address the one that was meant? Its certificate is its own, so its fingerprint says so. */
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { openTunnel } from '../proxy/openTunnel.ts';
import { proxyFor, proxySettings } from '../proxy/proxySettings.ts';
import { CertificateError } from './certificateError.ts';

/** A hub that takes longer to shake hands is tried again. */
const handshakeDeadlineMs = 10_000;
/** No chain is longer; a peer must not keep this busy. */
const maxChainLength = 10;

export interface HubCheck {
  /** Origin of the hub, https. */
  hubUrl: string;
  /** As `readFingerprint` returns it; undefined where the system's authorities are to vouch for the hub. */
  fingerprint?: string | undefined;
  signal?: AbortSignal;
}

/**
 * Shakes hands with the hub and looks at its certificates.
 * @returns the certificate that has the fingerprint; undefined where none was given and the system trusts the hub
 * @throws CertificateError where the hub is not to be trusted; the network's error where it can't be reached
 */
export async function checkHub({
  hubUrl,
  fingerprint,
  signal,
}: HubCheck): Promise<X509Certificate | undefined> {
  const { hostname, port } = new URL(hubUrl);
  const host = hostname.replace(/^\[(.+)\]$/, '$1');
  const proxy = proxyFor(hubUrl, proxySettings());
  const socket = await shakeHands({ host, port: Number(port) || 443, proxy, signal });
  try {
    const chain = chainOf(socket);
    if (fingerprint === undefined) {
      if (!socket.authorized) throw unknownAuthority(hubUrl, chain, socket.authorizationError);
      return undefined;
    }
    const pinned = chain.find((certificate) => certificate.fingerprint256 === fingerprint);
    if (!pinned) throw otherFingerprint(hubUrl, chain, fingerprint);
    if (!isRoot(pinned)) throw notTheEnd(hubUrl, chain);
    const [server] = chain;
    if (!(isIP(host) === 0 ? server?.checkHost(host) : server?.checkIP(host))) throw otherName(hubUrl, host);
    return pinned;
  } finally {
    socket.destroy();
  }
}

interface Handshake {
  /** IPv6 without brackets. */
  host: string;
  port: number;
  /** Undefined where the hub is reached directly. */
  proxy: URL | undefined;
  signal: AbortSignal | undefined;
}

/** Takes any certificate: nothing is sent, only looked at. */
async function shakeHands({ host, port, proxy, signal }: Handshake): Promise<TLSSocket> {
  const tunnel = proxy && (await openTunnel({ proxy, host, port, signal }));
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...(tunnel ? { socket: tunnel } : { host, port }),
      rejectUnauthorized: false,
      ...(isIP(host) === 0 && { servername: host }),
    });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.setTimeout(handshakeDeadlineMs, () => {
      fail(new Error(`no answer within ${handshakeDeadlineMs / 1000} s`));
    });
    socket.once('error', fail);
    socket.once('close', () => fail(new Error('the connection was closed')));
    socket.once('secureConnect', () => {
      signal?.removeEventListener('abort', onAbort);
      resolve(socket);
    });
  });
}

/** The server's certificate first. */
function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (
    next &&
    chain.length < maxChainLength &&
    !chain.some(({ fingerprint256 }) => fingerprint256 === next?.fingerprint256)
  ) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

function isRoot(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate);
}

/** What the hub prints is the fingerprint of its chain's end. */
function shownFingerprint(chain: readonly X509Certificate[]): string {
  return chain.at(-1)?.fingerprint256 ?? 'none';
}

function unknownAuthority(
  hubUrl: string,
  chain: readonly X509Certificate[],
  reason: unknown,
): CertificateError {
  return new CertificateError(
    `${hubUrl} shows a certificate that this machine does not know (${String(reason)}). A hub makes its own: compare ` +
      'the fingerprint below with the one that the hub printed, and if they are the same, start again with\n' +
      `  --fingerprint ${shownFingerprint(chain)}\n` +
      "or name the authority's file in NODE_EXTRA_CA_CERTS.",
  );
}

function otherFingerprint(
  hubUrl: string,
  chain: readonly X509Certificate[],
  wanted: string,
): CertificateError {
  return new CertificateError(
    `${hubUrl} is not the hub that was meant: its certificate has the fingerprint\n  ${shownFingerprint(chain)}\n` +
      `and --fingerprint wants\n  ${wanted}\n` +
      'Someone may stand between. If the hub was set up anew, take the fingerprint that it prints now.',
  );
}

function notTheEnd(hubUrl: string, chain: readonly X509Certificate[]): CertificateError {
  const root = chain.find(isRoot);
  return new CertificateError(
    root
      ? `this fingerprint is of a certificate of ${hubUrl} that is renewed now and then. Give that of its authority:\n` +
          `  --fingerprint ${root.fingerprint256}`
      : `the certificate of ${hubUrl} comes without its authority's. Name the authority's file in NODE_EXTRA_CA_CERTS ` +
          'and leave --fingerprint out.',
  );
}

function otherName(hubUrl: string, host: string): CertificateError {
  return new CertificateError(
    `the certificate of ${hubUrl} does not name ${host}. Use an address that the hub printed, or start the hub ` +
      `with --addresses ${host}`,
  );
}
