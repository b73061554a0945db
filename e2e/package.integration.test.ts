/** The product as npm packs it: plain JavaScript, with a hub that gives workers their package. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildDist } from '@potluck/packaging';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countTokens } from './support/answers.ts';
import { startHub, stop, type HubProcess } from './support/hubProcess.ts';
import { nodesOf } from './support/nodes.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
/** With spaces and umlauts, as people's home directories have them. */
let directory: string;
let hub: HubProcess;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'Pötluck, ein Paket-'));
  const app = path.join(directory, 'app');
  await mkdir(app);
  await writeFile(path.join(app, 'index.html'), '<title>the app</title>');
  await buildDist(path.join(directory, 'dist'), app);
  await copyFile(path.join(root, 'package.json'), path.join(directory, 'package.json'));
  await symlink(path.join(root, 'node_modules'), path.join(directory, 'node_modules'));
  hub = await startHub({ program: path.join(directory, 'dist/bin/potluck.js') });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

test('the hub answers, and shows the app that was built in', async () => {
  expect(await countTokens(hub, 4)).toBe(4);
  const page = await fetch(hub.url, { headers: { accept: 'text/html' } });
  expect(await page.text()).toContain('the app');
  expect(hub.log()).not.toMatch(/warn|Experimental/i);
});

test('a machine joins with the package that this hub gives', async () => {
  const { commands } = (await (await fetch(`${hub.url}/api/join`)).json()) as { commands: string[] };
  const [, address] = / (http:\S+\.tgz) /.exec(commands[0] ?? '') ?? [];
  const response = await fetch(address ?? '');
  expect(response.status).toBe(200);
  const worker = path.join(directory, 'worker');
  await mkdir(worker);
  await writeFile(path.join(worker, 'potluck.tgz'), new Uint8Array(await response.arrayBuffer()));
  await promisify(execFile)('tar', ['xzf', 'potluck.tgz'], { cwd: worker });
  const program = path.join(worker, 'package/bin/potluck.js');
  const flags = ['--hub', hub.url, '--token', hub.joinToken, '--name', 'attic', '--device', 'cpu'];
  const child = spawn(process.execPath, [program, 'worker', ...flags, '--data', path.join(worker, 'data')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let log = '';
    while (!log.includes('joined')) {
      const [text] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [
        Buffer | number,
      ];
      if (typeof text === 'number') throw new Error(`the worker ended:\n${log}`);
      log += text.toString();
    }
    expect((await nodesOf(hub)).map(({ name }) => name)).toContain('attic');
  } finally {
    await stop(child);
  }
  const { stderr } = await promisify(execFile)(process.execPath, [program, 'hub']).then(
    () => ({ stderr: '' }),
    (error: { stderr: string }) => error,
  );
  expect(stderr).toContain('has no hub in it');
});
