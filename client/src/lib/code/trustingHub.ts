/** What programs need at a hub's HTTPS address whose certificate the hub made itself: they refuse it until they know the hub's authority. */
import type { HubInformation } from '@potluck/api';
import type { CodeExample } from './codeExample.ts';

/** As the hub's download names it. */
const file = 'potluck-hub.pem';

type Reached = Pick<HubInformation, 'httpsPort' | 'fingerprint'>;

/** @param page where the page was opened, such as `location` */
export function showsOwnCertificate(
  { protocol, port }: Pick<Location, 'protocol' | 'port'>,
  { httpsPort, fingerprint }: Reached,
): boolean {
  return protocol === 'https:' && fingerprint !== null && Number(port === '' ? 443 : port) === httpsPort;
}

/**
 * The same examples for such an address: each says how its program gets the authority.
 * @param hub URL of the hub, without a slash at its end
 */
export function trustingHub(examples: readonly CodeExample[], hub: string): CodeExample[] {
  const fetched = `curl -k ${hub}/api/hub/certificate.pem -o ~/${file}`;
  return examples.map(({ name, text }) => ({ name, text: ways[name]?.(text, fetched) ?? text }));
}

/** @param fetched the command that fetches the authority */
type Way = (text: string, fetched: string) => string;

const variable =
  (sign: string, setting: string): Way =>
  (text, fetched) =>
    `${sign} once, in a shell: ${fetched}\n${sign} before the start: export ${setting}=~/${file}\n${text}`;

/** How each program is told of an authority. */
const ways: Readonly<Record<string, Way>> = {
  curl: (text, fetched) => `# once:\n${fetched}\n\n${text.replace('curl ', `curl --cacert ~/${file} `)}`,
  // The package requests has a variable of its own.
  Python: variable('#', `REQUESTS_CA_BUNDLE=~/${file} SSL_CERT_FILE`),
  JavaScript: variable('//', 'NODE_EXTRA_CA_CERTS'),
  'Open WebUI': (text, fetched) =>
    text.includes('OPENAI_API_BASE_URL=https:')
      ? `# once: ${fetched}\n${text.replace('  -e ', `  -v ~/${file}:/${file} -e SSL_CERT_FILE=/${file} \\\n  -e `)}`
      : text,
  Continue: (text, fetched) =>
    `# once, in a shell: ${fetched}\n${text}\n    requestOptions:\n      caBundlePath: /PATH/TO/${file}`,
  opencode: variable('//', 'NODE_EXTRA_CA_CERTS'),
  Codex: variable('#', 'SSL_CERT_FILE'),
  'Claude Code': (text, fetched) => `# once:\n${fetched}\n\nexport NODE_EXTRA_CA_CERTS=~/${file}\n${text}`,
};
