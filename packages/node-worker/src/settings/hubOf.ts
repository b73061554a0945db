/** Which hub is meant, and how to know it. */
import { readJoinLink } from '@potluck/protocol';
import { SettingsError } from '../errors.ts';
import { readFingerprint } from '../hub-certificate/fingerprint.ts';

export interface HubSettings {
  /** May have a path, where a proxy serves the hub below one. */
  hubUrl: string;
  token: string;
  /** SHA-256 of the hub's certificate, `AA:BB:…`; undefined where the system's authorities vouch for the hub. */
  fingerprint: string | undefined;
}

/**
 * The hub may be given by its URL or by a join link, which carries a token and perhaps a fingerprint; flags win.
 * @throws SettingsError with what to write instead
 */
export function hubOf(options: { hub: string; token?: string; fingerprint?: string }): HubSettings {
  const link = linkOf(options.hub);
  const fingerprint = options.fingerprint ?? link.fingerprint;
  if (fingerprint !== undefined && !link.hubUrl.startsWith('https:')) {
    throw new SettingsError('--fingerprint is for an https hub: plain http shows no certificate');
  }
  return { hubUrl: link.hubUrl, token: options.token ?? link.token, fingerprint };
}

function linkOf(text: string): HubSettings {
  try {
    const { hubUrl, token, fingerprint } = readJoinLink(text);
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
