import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readReports, reportsInto } from './testReport.ts';
import { temporaryDirectory } from './temporaryDirectory.ts';

const root = join(import.meta.dirname, '..');

test.each([
  ['Vitest', ['vitest/vitest.mjs', 'run', '--config', 'testing/failing/vitest.config.ts'], 'failing.ts'],
  ['Playwright', ['@playwright/test/cli.js', 'test', '-c', 'testing/failing'], 'failing.spec.ts'],
])('what failed in a run of %s is kept with its errors', async (_name, [program = '', ...args], name) => {
  await using directory = await temporaryDirectory('potluck-reports-');
  // Without what tells a process that a test runner started it.
  const { VITEST: _vitest, NODE_ENV: _environment, ...own } = process.env;
  const child = spawn(process.execPath, [join(root, 'node_modules', program), ...args], {
    cwd: root,
    stdio: 'ignore',
    env: { ...own, ...reportsInto(directory.path), npm_lifecycle_event: 'test:this' },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(1);
  const { files, failures } = readReports(directory.path).get('test:this') ?? {};
  const file = `testing/failing/${name}`;
  expect(files).toMatchObject([{ file, tests: [{ title: 'passes' }, {}, {}] }]);
  const errors = failures?.map(({ title, error, ...in_ }) => [in_.file, title, error]);
  expect(errors?.toSorted()).toEqual([
    [
      file,
      expect.stringMatching(/^a group/),
      expect.stringMatching(/the hook throws\nat testing\/failing\/failing/),
    ],
    [file, 'expects something else', expect.stringMatching(/^\s*[^]*at testing\/failing\/failing[^]*potato/)],
  ]);
});
