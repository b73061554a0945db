import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hideSecrets } from '../bin/hideSecrets.js';

const program = new URL('../bin/potluck.js', import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** What a command writes, and how it ends. */
async function run(...args: string[]): Promise<{ code: number; output: string; problem: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let problem = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (problem += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output, problem };
}

test('it says its version', async () => {
  expect(await run('--version')).toEqual({ code: 0, output: `${version}\n`, problem: '' });
});

test.each([
  [['--help'], /^Usage: npm run potluck -- <command>/],
  [['models'], /^Usage: .* models [^]*\n {2}add /],
  [['models', '--help'], /^Usage: .* models [^]*\n {2}add /],
  [['help', 'worker'], /^Usage: .* worker [^]*--memory <size>/],
  [['hub', '--help'], /^Usage: .* hub [^]*--https-port/],
])('%j explains what there is', async (args, text) => {
  const { code, output, problem } = await run(...args);
  expect(output).toMatch(text);
  expect([code, problem]).toEqual([0, '']);
});

test.each([
  [['modles'], /unknown command 'modles'/],
  [['models', 'lst'], /unknown command 'lst'/],
])('%j is refused with the word that was not understood', async (args, text) => {
  const { code, problem } = await run(...args);
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
