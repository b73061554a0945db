import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { explainJoining, sayReady } from './explainJoining.ts';

const reach = { httpPort: 8000, httpsPort: 8443, hosts: ['192.168.1.20'], fingerprint: 'AA:BB' };
const init = {
  ownUrl: 'http://localhost:8000',
  joinToken: 'join-secret',
  joinTokenSource: 'in a file',
  administering: 'everybody here may change things',
  apiKey: 'key-secret',
  apiKeySource: 'in a file',
};

function said(isTerminal: boolean): { terminal: string; log: string } {
  const output = new PassThrough();
  let text = '';
  const terminal = { columns: 120, write: (part: string) => void (text += part) };
  explainJoining({ logger: pino(output), terminal: isTerminal ? terminal : undefined }, reach, init);
  if (isTerminal) sayReady(terminal, reach, init);
  return { terminal: text, log: String(output.read() ?? '') };
}

test('a person is shown where to open the hub, link, code, key and one command, and the box once more at the end', () => {
  const { terminal, log } = said(true);
  expect(terminal).toContain('│ Open     http://localhost:8000 ');
  expect(terminal).toContain('│ Join     https://192.168.1.20:8443/join#token=join-secret │');
  expect(terminal).toContain('│ API key  key-secret ');
  expect(terminal).toMatch(/[▀▄█]/);
  expect(terminal).toMatch(
    /^ {2}npx --yes .* worker --hub https:\S+ --token join-secret --fingerprint AA:BB$/m,
  );
  expect(terminal.split('╭').length - 1).toBe(2);
  expect(log).not.toMatch(/secret/);
});

test('a log has no secret and says where they are', () => {
  const { log } = said(false);
  expect(log).not.toMatch(/join-secret|key-secret/);
  expect(log).toContain('which is in a file');
  expect(log).toContain("--token '<join token>'");
});
