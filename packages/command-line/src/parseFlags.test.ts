import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, expect, test } from 'vitest';
import { port, secret } from './arguments.ts';
import { flag } from './flag.ts';
import { parseFlags } from './parseFlags.ts';
import { secretFlag } from './secretFiles.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'potluck-flags-'));
afterAll(() => rmSync(directory, { recursive: true }));

function configFile(content: string): string {
  const file = path.join(directory, 'potluck.yaml');
  writeFileSync(file, content);
  return file;
}

function read(args: string[], environment: NodeJS.ProcessEnv = {}): Record<string, unknown> | undefined {
  const command = new Command('potluck test')
    .addOption(flag('--port <port>', 'a port').argParser(port).default(1))
    .addOption(flag('--level <level>', 'a level').choices(['low', 'high']))
    .addOption(flag('--force', 'or not').default(false))
    .addOption(flag('--no-sandbox', 'without'))
    .addOption(flag('--folder <folder...>', 'folders'))
    .addOption(secretFlag('--token <token>', 'a secret').argParser(secret));
  return parseFlags(command, args, { write: () => undefined, environment });
}

test('a flag wins over the environment, the environment over the file, the file over the default', () => {
  const file = configFile('port: 3\nlevel: low\n');
  expect(read([])).toMatchObject({ port: 1 });
  expect(read(['--config', file])).toMatchObject({ port: 3, level: 'low' });
  expect(read(['--config', file], { POTLUCK_PORT: '2' })).toMatchObject({ port: 2, level: 'low' });
  expect(read(['--port', '4'], { POTLUCK_PORT: '2', POTLUCK_CONFIG: file })).toMatchObject({ port: 4 });
});

test('files have lists, numbers, yes and no; JSON is YAML, too', () => {
  const file = configFile('{ "folder": ["a", "b"], "force": true, "no_sandbox": true, "port": null }');
  expect(read(['--config', file])).toEqual({ port: 1, folder: ['a', 'b'], force: true, sandbox: false });
  expect(read(['--config', configFile('# nothing yet\n')])).toEqual({ port: 1, force: false, sandbox: true });
});

test('no in the environment is no', () => {
  expect(read([], { POTLUCK_FORCE: '0' })).toMatchObject({ force: false });
  expect(read([], { POTLUCK_FORCE: 'true', POTLUCK_FOLDER: 'a' })).toMatchObject({
    force: true,
    folder: ['a'],
  });
});

test('a secret in a file of its own gives way to one that is given more closely', () => {
  const token = path.join(directory, 'token');
  writeFileSync(token, 'from-its-file\n');
  const file = configFile(`token-file: ${token}`);
  expect(read(['--config', file])).toMatchObject({ token: 'from-its-file' });
  expect(read(['--config', file], { POTLUCK_TOKEN: 'from-environment' })).toMatchObject({
    token: 'from-environment',
  });
});

test.each([
  [
    { POTLUCK_PORT: '99999' },
    '',
    '--port from the environment (POTLUCK_PORT): "99999" is no such value. A port is',
  ],
  [{ POTLUCK_LEVEL: 'top' }, '', 'Allowed choices are low, high.'],
  [
    { POTLUCK_FORCE: 'maybe' },
    '',
    '--force from the environment (POTLUCK_FORCE) takes true or false, not "maybe"',
  ],
  [{}, 'port: high', '--port in FILE: "high" is no such value. A port is a number from 0 to 65535.'],
  [{}, 'prot: 1', 'prot in FILE is no setting of potluck test. It takes: port, level'],
  [{}, 'port: { a: 1 }', 'port in FILE takes one value'],
  [{}, 'port: [a, b]', '--port in FILE: ["a","b"] is no such value. It takes one value.'],
  [{}, '- a', 'FILE has no settings. It takes lines such as "port: 8000".'],
  [
    {},
    'a: [',
    '--config: FILE, line 1: it is indented otherwise than the lines that it belongs to, or a bracket',
  ],
  [{}, 'port: 1\nlevel: low: high', "--config: FILE, line 2: it can't be read. A line takes a name, a colon"],
  [{}, 'port: 1\n\tlevel: low', '--config: FILE, line 2: a tab begins it'],
  [{}, 'port: 1\nport: 2', '--config: FILE, line 2: it names a setting that is there already'],
  [{}, 'level: "low', '--config: FILE, line 1: a quote or a bracket is opened and not closed'],
  [{}, 'port: *one', "--config: FILE can't be read: it takes no *names for other values"],
  [{}, 'token: short', '--token in FILE: what is given is no such value. It takes 8 to 500'],
])('%j and %j are refused: %s', (environment, content, message) => {
  const file = configFile(content);
  const reading = (): unknown => read(['--config', file], environment);
  expect(reading).toThrow(message.replace('FILE', file));
});

test('a flag that is not there is refused with the nearest one, and with where all are', () => {
  expect(() => read(['--prot', '1'])).toThrow(
    "unknown option '--prot'\n(Did you mean --port?) See `npm run potluck -- test --help`.",
  );
  expect(() => read(['--port', 'high'])).toThrow(/A port is a number from 0 to 65535\. See `npm run/);
});

test('a file that is not there is named', () => {
  expect(() => read(['--config', '/nowhere.yaml'])).toThrow(
    "--config: /nowhere.yaml can't be read: there is no such file",
  );
  expect(() => read(['--config', import.meta.dirname])).toThrow(/can't be read: it is a folder/);
});
