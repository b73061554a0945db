import { expect, test } from 'vitest';
import { appSettings } from './appSettings.ts';
import { requestCode } from './requestCode.ts';
import { showsOwnCertificate, trustingHub } from './trustingHub.ts';

const hub = 'https://192.168.1.5:8443';
const examples = (at: string) => [
  ...requestCode(`${at}/v1`, 'KEY', { model: 'm', messages: [] }),
  ...appSettings({ hub: at, key: 'KEY', model: 'm', httpPort: 8000 }),
];

test('each example says where the authority is, and how its program is told of it', () => {
  const trusting = new Map(trustingHub(examples(hub), hub).map(({ name, text }) => [name, text]));
  const ways = {
    curl: 'curl --cacert ~/potluck-hub.pem https://192.168.1.5:8443/v1/chat/completions',
    Python: 'SSL_CERT_FILE=~/potluck-hub.pem',
    JavaScript: 'NODE_EXTRA_CA_CERTS=~/potluck-hub.pem',
    'Open WebUI': '-v ~/potluck-hub.pem:/potluck-hub.pem -e SSL_CERT_FILE=/potluck-hub.pem \\\n',
    Continue: '\n    requestOptions:\n      caBundlePath: /PATH/TO/potluck-hub.pem',
    opencode: 'NODE_EXTRA_CA_CERTS=~/potluck-hub.pem',
    Codex: 'SSL_CERT_FILE=~/potluck-hub.pem',
    'Claude Code': 'export NODE_EXTRA_CA_CERTS=~/potluck-hub.pem\n',
  };
  expect([...trusting.keys()]).toEqual(Object.keys(ways));
  for (const [name, way] of Object.entries(ways)) {
    expect(trusting.get(name)).toContain(`curl -k ${hub}/api/hub/certificate.pem -o ~/potluck-hub.pem`);
    expect(trusting.get(name)).toContain(way);
  }
});

test('a container on the hub’s own machine asks over plain HTTP, and needs no authority', () => {
  const at = 'https://localhost:8443';
  const text = trustingHub(examples(at), at).find(({ name }) => name === 'Open WebUI')?.text;
  expect(text).toContain('http://host.docker.internal:8000/v1');
  expect(text).not.toContain('.pem');
});

test.each([
  ['https:', '8443', { httpsPort: 8443, fingerprint: 'AB' }, true],
  ['https:', '', { httpsPort: 443, fingerprint: 'AB' }, true],
  // A proxy, and a certificate that programs know.
  ['https:', '', { httpsPort: 8443, fingerprint: 'AB' }, false],
  ['https:', '8443', { httpsPort: 8443, fingerprint: null }, false],
  ['http:', '8000', { httpsPort: 8443, fingerprint: 'AB' }, false],
])('%s at port “%s” of %j shows the hub’s own certificate: %s', (protocol, port, reached, shows) => {
  expect(showsOwnCertificate({ protocol, port }, reached)).toBe(shows);
});
