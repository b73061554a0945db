import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, expect, test } from 'vitest';
import { secret } from './arguments.ts';
import { parseFlags } from './parseFlags.ts';
import { secretFlag } from './secretFiles.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'potluck-secrets-'));
afterAll(() => rmSync(directory, { recursive: true }));
const write = (name: string, text: string): string => {
  const file = path.join(directory, name);
  writeFileSync(file, text);
  return file;
};
const file = write('token', 'from-a-file\n');
const other = write('other', 'from-another');

const read = (args: string[], environment: NodeJS.ProcessEnv = {}): string | undefined => {
  const command = new Command().addOption(secretFlag('--token <token>', 'a secret').argParser(secret));
  return parseFlags<{ token?: string }>(command, args, { write: () => undefined, environment })?.token;
};

test.each<[string[], NodeJS.ProcessEnv, string | undefined]>([
  [[], {}, undefined],
  [['--token-file', file], {}, 'from-a-file'],
  [[], { POTLUCK_TOKEN_FILE: file }, 'from-a-file'],
  [['--token', 'from-a-flag'], { POTLUCK_TOKEN_FILE: file }, 'from-a-flag'],
  [['--token-file', file], { POTLUCK_TOKEN: 'from-the-environment' }, 'from-a-file'],
  [['--token-file', file], { POTLUCK_TOKEN_FILE: other }, 'from-a-file'],
])('%j with %j', (args, environment, expected) => {
  expect(read(args, environment)).toBe(expected);
});

test.each<[string[], NodeJS.ProcessEnv, RegExp]>([
  [['--token', 'from-a-flag', '--token-file', file], {}, /--token and --token-file are both given/],
  [[], { POTLUCK_TOKEN: 'some-secret', POTLUCK_TOKEN_FILE: file }, /both given/],
  [
    ['--token-file', path.join(directory, 'none')],
    {},
    /--token-file: .*none can't be used: there is no such file/,
  ],
  [['--token-file', write('empty', '\n')], {}, /it is empty/],
  [['--token-file', write('short', 'short')], {}, /8 to 500 printable/],
])('%j with %j is refused with what to write instead', (args, environment, message) => {
  expect(() => read(args, environment)).toThrow(message);
});
