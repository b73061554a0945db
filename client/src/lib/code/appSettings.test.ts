import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { appSettings } from './appSettings.ts';

const asked = { hub: 'http://localhost:8000', key: 'YOUR_KEY', model: 'minimind2-small' };

function textOf(app: string, change: Partial<Parameters<typeof appSettings>[0]> = {}): string {
  return appSettings({ ...asked, ...change }).find(({ name }) => name === app)?.text ?? '';
}

test.each([
  ['Codex', 'Codex', 'toml'],
  ['Claude Code', "Anthropic's clients", 'sh'],
])('%s is told everything that docs/api.md tells it', async (app, heading, language) => {
  const documentation = await readFile(new URL('../../../../docs/api.md', import.meta.url), 'utf8');
  const part = documentation.split(`\n## ${heading}\n`)[1] ?? '';
  const [, block = ''] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(part) ?? [];
  const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines.length).toBeGreaterThan(3);
  expect(textOf(app).split('\n')).toEqual(expect.arrayContaining(lines));
});

test('Continue’s file begins with what Continue asks of every file', () => {
  const lines = textOf('Continue').split('\n');
  const top = lines.slice(0, lines.indexOf('models:'));
  expect(top).toEqual(expect.arrayContaining(['name: Potluck', 'version: 1.0.0', 'schema: v1']));
});

test('Open WebUI in a container finds a hub on its own machine, and keeps its data', () => {
  for (const hub of ['http://localhost:8000', 'http://127.0.0.1:8000', 'http://[::1]:8000']) {
    const text = textOf('Open WebUI', { hub });
    expect(text).toContain('--add-host=host.docker.internal:host-gateway');
    expect(text).toContain('OPENAI_API_BASE_URL=http://host.docker.internal:8000/v1 ');
    expect(text).toContain('it needs an API key');
    expect(text).toContain('-v open-webui:/app/backend/data');
  }
  expect(textOf('Open WebUI', { hub: 'https://localhost:8443', httpPort: 8000 })).toContain(
    'OPENAI_API_BASE_URL=http://host.docker.internal:8000/v1 ',
  );
  const elsewhere = textOf('Open WebUI', { hub: 'http://hub.example:8000/potluck' });
  expect(elsewhere).toContain('OPENAI_API_BASE_URL=http://hub.example:8000/potluck/v1 ');
  expect(elsewhere).not.toContain('host.docker.internal');
});
