import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

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
