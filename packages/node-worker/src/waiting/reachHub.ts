/** By which of its addresses can this machine reach the hub that calls? */
import type { X509Certificate } from 'node:crypto';
import { checkHub } from '@potluck/machine';
import { get as httpGet, type RequestOptions } from 'node:http';
import { get as httpsGet } from 'node:https';
import { text } from 'node:stream/consumers';
import { atHub } from '@potluck/protocol';
import { messageOf } from '@potluck/worker';
import { readFingerprint } from '@potluck/command-line';
import { CallError } from './callError.ts';

/** Per address; all are tried at once. */
const deadlineMs = 6_000;

export interface HubToReach {
  hubId: string;
  fingerprint?: string | undefined;
  /** The likeliest first. */
  hubUrls: readonly string[];
}

export interface ReachedHub {
  hubUrl: string;
  /** As `readFingerprint` returns it; undefined for plain http, and where authorities vouch for the hub. */
  fingerprint: string | undefined;
  /** By which certificate to know this hub; see pinHub. */
  pinned: X509Certificate | undefined;
}

/**
 * Tries all addresses: the certificate, where there is one, and that it is this hub which answers.
 * @returns the first in the hub's order that works
 * @throws CallError with each address and what is wrong with it
 */
export async function reachHub({ hubId, fingerprint, hubUrls }: HubToReach): Promise<ReachedHub> {
  const tries = hubUrls.map((hubUrl) => reach(hubUrl, hubId, fingerprint));
  const results = await Promise.allSettled(tries);
  const failures: string[] = [];
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') return result.value;
    failures.push(`${hubUrls[index] ?? ''}: ${messageOf(result.reason)}`);
  }
  throw new CallError(
    422,
    `the worker reaches the hub at none of its addresses (${failures.join('; ')}). A firewall or a router is in ` +
      'between: start the hub with --addresses and a name under which the worker can reach it',
  );
}

async function reach(hubUrl: string, hubId: string, given: string | undefined): Promise<ReachedHub> {
  const signal = AbortSignal.timeout(deadlineMs);
  const isSecure = hubUrl.startsWith('https:');
  const fingerprint = isSecure && given !== undefined ? readFingerprint(given) : undefined;
  const pinned = isSecure ? await checkHub({ hubUrl, fingerprint, signal }) : undefined;
  if ((await hubIdAt(hubUrl, pinned, signal)) !== hubId) throw new Error('another program answers there');
  return { hubUrl, fingerprint, pinned };
}

/** Id of the hub that answers; undefined where something else does. */
async function hubIdAt(
  hubUrl: string,
  pinned: X509Certificate | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const url = atHub(hubUrl, '/api/session');
  const options: RequestOptions = { agent: false, signal };
  const body = await new Promise<string>((resolve, reject) => {
    const request =
      url.protocol === 'https:'
        ? httpsGet(url, { ...options, ...(pinned && { ca: pinned.toString() }) })
        : httpGet(url, options);
    request.once('response', (response) => void text(response).then(resolve, reject));
    request.once('error', reject);
  });
  try {
    return (JSON.parse(body) as { hub?: { id?: string } } | null)?.hub?.id;
  } catch {
    return undefined;
  }
}
