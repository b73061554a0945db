import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hideSecrets, warningOf } from '../bin/hideSecrets.js';
import { runPotluck } from './support/runPotluck.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

test('it says its version', async () => {
  expect(await runPotluck('--version')).toEqual({ code: 0, output: `${version}\n`, problem: '' });
});

test.each([
  [['--help'], /^Usage: npm run potluck -- <command>/],
  [['models'], /^Usage: .* models [^]*\n {2}add /],
  [['models', '--help'], /^Usage: .* models [^]*\n {2}add /],
  [['help', 'worker'], /^Usage: .* worker [^]*--memory <size>/],
  [['hub', '--help'], /^Usage: .* hub [^]*--https-port/],
  [['help', 'models', 'add'], /^Usage: .* models add [^]*--variant <name>/],
])('%j explains what there is', async (args, text) => {
  const { code, output, problem } = await runPotluck(...args);
  expect(output).toMatch(text);
  expect([code, problem]).toEqual([0, '']);
});

test.each([
  [['modles'], /unknown command 'modles'/],
  [['models', 'lst'], /unknown command 'lst'/],
  [['worker', '--memroy', '8GB'], /unknown option '--memroy'[^]*--memory[^]*worker --help/],
  [['backup'], /missing required argument 'folder'\. See `.* backup --help`/],
])('%j is refused with the word that was not understood', async (args, text) => {
  const { code, problem } = await runPotluck(...args);
  expect(problem).toMatch(text);
  expect(problem).not.toContain('outputHelp');
  expect(code).toBe(2);
});

test.each([
  ['hub --api-key one --port 8000 --join-token two', 'hub --api-key *** --port 8000 --join-token ***'],
  ['hub --turn-credential=one --admin-password two', 'hub --turn-credential=*** --admin-password ***'],
  [
    'worker --hub https://a/join#token=one&name=Ben --name x',
    'worker --hub https://a/join#token=***&name=Ben --name x',
  ],
  ['models add a/b --token one --key two', 'models add a/b --token *** --key ***'],
  ['hub --certificate-key key.pem --api-key-file f', 'hub --certificate-key key.pem --api-key-file f'],
])('a list of processes has no secret of %j', (args, shown) => {
  expect(hideSecrets(args.split(' ')).shown.join(' ')).toBe(shown);
});

test.each([
  [
    ['--api-key'],
    'the secret after --api-key in its list of processes. Give POTLUCK_API_KEY in the environment instead, or a file (--api-key-file).',
  ],
  [
    ['--api-key', '--join-token', '--admin-password'],
    'the secrets after --api-key, --join-token and --admin-password in its list of processes. Give POTLUCK_API_KEY, ' +
      'POTLUCK_JOIN_TOKEN and POTLUCK_ADMIN_PASSWORD in the environment instead, or files (--api-key-file, ' +
      '--join-token-file and --admin-password-file).',
  ],
  [['--hub'], 'Give POTLUCK_HUB in the environment instead, or a file (--token-file).'],
])('while npm runs, a warning names each secret of %j', (flags, words) => {
  expect(warningOf(flags)).toContain(words);
});
