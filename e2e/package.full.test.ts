/** `npm pack`, an empty folder, `npm install`, and the commands that people are told to run there. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { countTokens } from './support/answers.ts';
import { startHub } from './support/hubProcess.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../', import.meta.url));

/** npm without what this run's own npm has put into the environment. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(?!config_(cache|registry))/i.test(name)),
);

test('what npm packs works where it is installed, and brings no more than it names', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'Pötluck, installiert-'));
  try {
    await run('npm', ['pack', '--pack-destination', directory], { cwd: root, env: environment });
    const [tarball = ''] = (await readdir(directory)).filter((name) => name.endsWith('.tgz'));
    const folder = path.join(directory, 'empty');
    await mkdir(folder);
    const install = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', [...install, path.join(directory, tarball)], { cwd: folder, env: environment });
    for (const name of ['svelte', 'vite', 'vitest', 'typescript', 'eslint', 'katex'])
      expect(existsSync(path.join(folder, 'node_modules', name))).toBe(false);

    const potluck = path.join(folder, 'node_modules/.bin/potluck');
    const own = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
    expect((await run(potluck, ['--version'], { env: environment })).stdout).toBe(`${own.version}\n`);
    expect((await run(potluck, ['--help'], { env: environment })).stdout).toContain('Usage: npx potluck');

    await using hub = await startHub({
      program: path.join(folder, 'node_modules/potluck/dist/bin/potluck.js'),
    });
    expect(await countTokens(hub, 4)).toBe(4);
    const page = await fetch(hub.url, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('_app/immutable');
    const models = await run(potluck, ['models', 'list', '--hub', hub.url], { env: environment });
    expect(models.stdout).toContain('minimind2-small');

    const npx = [
      '--yes',
      '--ignore-scripts',
      '--prefer-offline',
      `${hub.url}/packages/potluck.tgz`,
      '--help',
    ];
    const help = await run('npx', npx, { cwd: directory, env: environment });
    expect(help.stdout).toContain('worker');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
