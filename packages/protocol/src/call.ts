/**
 * How a hub calls a worker that waits for it (`potluck worker --listen PORT --token T`): HTTPS with a pre-shared key
 * (TLS-PSK, RFC 5489) that both derive from the token. So neither side sends the token, each knows that the other has
 * it, and nobody else reads the join token that the hub brings. Bodies are JSON; the answer to a test is a line of JSON
 * for each step.
 */
import { z } from 'zod';
import { CandidatePair, Device, IceServers } from './control.ts';
import { HubId, WorkerId } from './ids.ts';

/** Paths at the worker: who it is (GET), try the ways between it and the hub (POST), join the hub (POST). */
export const callPaths = { about: '/about', test: '/test', join: '/join' } as const;

/** For both ends: the only suite of OpenSSL with a pre-shared key, forward secrecy and authenticated encryption. */
export const callTls = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const;

/** Whom a hub says it is, in TLS-PSK's words; there is one key, so there is one identity. */
export const callIdentity = 'potluck hub';

/** Most addresses of a hub in a call: each is tried at once. */
export const maxHubUrls = 32;

/** Longest body in bytes, in both directions. */
export const maxCallBytes = 64 * 1024;

const derivation = { name: 'PBKDF2', hash: 'SHA-256', salt: 'potluck worker --listen', iterations: 600_000 };

/**
 * The pre-shared key of a token; slow on purpose (PBKDF2, OWASP's count for SHA-256), since people choose tokens.
 * @returns 32 bytes
 */
export async function callKey(token: string): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const material = await crypto.subtle.importKey('raw', encoder.encode(token), 'PBKDF2', false, [
    'deriveBits',
  ]);
  const salt = encoder.encode(derivation.salt);
  return new Uint8Array(await crypto.subtle.deriveBits({ ...derivation, salt }, material, 256));
}

const text = z.string().max(2000);
const hubUrl = z.url({ protocol: /^https?$/ }).max(300);

/** Who waits: the answer to `about`. */
export const WaitingWorkerInfo = z.object({
  protocolVersion: z.number().int().nonnegative(),
  version: text,
  workerId: WorkerId,
  name: z.string().min(1).max(100),
  device: Device,
  memoryBytes: z.number().int().nonnegative(),
  /** The hub that it serves or served last; null where it waits for its first. */
  hub: z.object({ hubId: HubId, hubUrl, connected: z.boolean() }).nullable(),
});
export type WaitingWorkerInfo = z.infer<typeof WaitingWorkerInfo>;

/** What a hub says of itself in every call. */
const Caller = z.object({
  hubId: HubId,
  /** SHA-256 of the certificate at the end of the hub's chain, `AA:BB:…`; missing where authorities vouch for it. */
  fingerprint: z.string().max(200).optional(),
});

/** Try every way, and say what came of it; changes nothing. */
export const TestCall = Caller.extend({
  /** Ways to the hub, the likeliest first, each with the ICE servers that go with it. */
  ways: z
    .array(z.object({ hubUrl, iceServers: IceServers }))
    .min(1)
    .max(maxHubUrls),
  /** For a connection to a worker of the grid: a place in signalling under another id; null where there is nobody. */
  trial: z
    .object({
      workerId: WorkerId,
      signalling: z.object({ path: z.string(), key: z.string(), token: z.string() }),
      peer: z.object({ workerId: WorkerId, name: z.string().max(100) }),
    })
    .nullable(),
});
export type TestCall = z.infer<typeof TestCall>;

/** One thing that was tried, in this order: the way to the hub, candidates for peers, a connection to a peer. */
export const TestCallStep = z.object({
  step: z.enum(['hub', 'candidates', 'peer']),
  state: z.enum(['passed', 'failed', 'skipped']),
  /** What came of it, for people. */
  message: text,
  milliseconds: z.number().nonnegative(),
  /** With `candidates`: the kinds that were found. */
  candidateTypes: z
    .array(z.enum(['host', 'srflx', 'prflx', 'relay']))
    .max(4)
    .optional(),
  /** With `peer`: the addresses in use. */
  candidatePair: CandidatePair.optional(),
});
export type TestCallStep = z.infer<typeof TestCallStep>;

/** Join this hub, and come back to it after every restart. */
export const JoinCall = Caller.extend({
  /** URLs of the hub, the likeliest first. */
  hubUrls: z.array(hubUrl).min(1).max(maxHubUrls),
  /** Join token. */
  token: z.string().min(1).max(500),
});
export type JoinCall = z.infer<typeof JoinCall>;

/** The answer to a join call: the hub has welcomed the worker. */
export const JoinedAnswer = z.object({ workerId: WorkerId, name: z.string().min(1).max(100), hubUrl });
export type JoinedAnswer = z.infer<typeof JoinedAnswer>;

/** What a worker answers, with a status of 400 or more, where it does not do what it is asked. */
export const CallRefusal = z.object({ message: text });
export type CallRefusal = z.infer<typeof CallRefusal>;
