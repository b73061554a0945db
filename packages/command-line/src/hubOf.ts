/** Which hub is meant, and how to know it. */
import { readJoinLink } from '@potluck/protocol';
import { InvalidArgumentError } from 'commander';
import { SettingsError } from './settingsError.ts';

export interface HubAddress {
  /** May have a path, where a proxy serves the hub below one. */
  hubUrl: string;
  token: string;
  /** SHA-256 of the hub's certificate, `AA:BB:…`; undefined where the system's authorities vouch for the hub. */
  fingerprint: string | undefined;
}

/**
 * The hub may be given by its URL (`http://` may be left out before a host and port) or by a join link, which carries a token and perhaps a
 * fingerprint; flags win.
 * @throws SettingsError with what to write instead
 */
export function hubOf(options: { hub: string; token?: string; fingerprint?: string }): HubAddress {
  const link = linkOf(options.hub);
  const fingerprint = options.fingerprint ?? link.fingerprint;
  if (fingerprint !== undefined && !link.hubUrl.startsWith('https:')) {
    throw new SettingsError('--fingerprint is for an https hub: plain http shows no certificate');
  }
  return { hubUrl: link.hubUrl, token: options.token ?? link.token, fingerprint };
}

/** Such as `localhost:8000`, which reads like a URL of the scheme `localhost`. */
const hostAndPort = /^(\[[\da-f:]+\]|[^/:]+):\d+([/#]|$)/i;

function linkOf(text: string): HubAddress {
  try {
    const { hubUrl, token, fingerprint } = readJoinLink(hostAndPort.test(text) ? `http://${text}` : text);
    return {
      hubUrl,
      token,
      fingerprint: fingerprint === undefined ? undefined : readFingerprint(fingerprint),
    };
  } catch (cause) {
    throw new SettingsError(
      `--hub is "${text}": give a URL such as http://192.168.1.5:8000, or the link that the hub printed`,
      { cause },
    );
  }
}

/**
 * Reads a SHA-256 fingerprint as people copy it: 64 hexadecimal digits, with or without colons.
 * @returns the fingerprint as Node writes it, `AA:BB:…`
 * @throws InvalidArgumentError that says what a fingerprint looks like
 */
export function readFingerprint(text: string): string {
  const digits = text
    .trim()
    .replace(/^sha-?256[:= ]/i, '')
    .replaceAll(/[: ]/g, '');
  if (!/^[0-9a-f]{64}$/i.test(digits)) {
    throw new InvalidArgumentError(
      'a SHA-256 fingerprint has 64 hexadecimal digits, as the hub prints it when it starts',
    );
  }
  return (digits.toUpperCase().match(/../g) ?? []).join(':');
}
