/** What packages have in them, and what this project says that it needs. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { programFiles } from './programFiles.ts';
import { programRoot, readManifest } from './projectFiles.ts';
import { toJavaScript } from './toJavaScript.ts';
import { workerPackageFiles } from './workerPackage.ts';

/** For tests of GPUs in software; found only where somebody installed it. */
const optional = new Set(['@sparticuz/chromium']);

test('package.json names as dependencies what the program imports, and nothing else', async () => {
  const { packages } = await programFiles(programRoot, ['bin/potluck.js']);
  const { dependencies } = await readManifest();
  expect(packages.filter((name) => !optional.has(name))).toEqual(Object.keys(dependencies).sort());
});

test('the whole program has hub, workers and commands, and nothing of tests, tabs and tools', async () => {
  const { files } = await programFiles(programRoot, ['bin/potluck.js']);
  expect(files).toEqual(
    expect.arrayContaining([
      'bin/potluck.js',
      'hub/wiring/main.ts',
      'hub/database/serverThread.ts',
      'hub/database/sqliteThread.ts',
      'hub/models/encoding/encodingThread.ts',
      'hub/workers/local/childOfHub.ts',
      'packages/node-worker/src/engine-thread/engineThread.ts',
      'packages/node-worker/src/devices/probeMain.ts',
      'packages/node-worker/src/watchdog/watchdogThread.ts',
      'packages/headless-browsers/src/main.ts',
      'packages/command-line/src/models/main.ts',
    ]),
  );
  expect(
    files.filter((file) => /\.(test|spec)\.|\/testing\/|browser-worker|^(e2e|bench|client)\//.test(file)),
  ).toEqual([]);
});

test('the package for workers has no hub, names only packages that it imports, and fits a slow line', async () => {
  const [manifest, ...scripts] = await workerPackageFiles();
  const { dependencies, imports, bin } = JSON.parse(manifest?.content ?? '') as {
    dependencies: Record<string, string>;
    imports: Record<string, string>;
    bin: Record<string, string>;
  };
  const names = new Set(scripts.map(({ name }) => name));
  expect([...names].filter((name) => name.startsWith('hub/') || name.endsWith('.ts'))).toEqual([]);
  expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(['onnxruntime-node', 'node-datachannel']));
  expect(Object.keys(dependencies)).not.toContain('hono');
  for (const file of [...Object.values(imports), ...Object.values(bin)])
    expect(names).toContain(path.posix.normalize(file));
  expect(scripts.reduce((sum, { content }) => sum + content.length, 0)).toBeLessThan(2_000_000);
});

test('files keep their lines, lose their types, and name each other as JavaScript', () => {
  const source = [
    "import { a } from './a.ts';",
    "import { c } from '@potluck/protocol';",
    "const thread = new URL('../b/thread.ts', import.meta.url);",
    "const kept = name.endsWith('.ts') as boolean;",
  ].join('\n');
  const lines = toJavaScript('x.ts', source).split('\n');
  expect(lines.map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    "import { a } from './a.js';",
    "import { c } from '#potluck/protocol';",
    "const thread = new URL('../b/thread.js', import.meta.url);",
    "const kept = name.endsWith('.ts') ;",
  ]);
});
