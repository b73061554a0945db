import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { effectiveMemoryBytes, stopChild } from '@potluck/machine';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { program } from '../../../testing/program.ts';
import { startJoinPageServer, type JoinPageServer } from '../testing/joinPageServer.ts';
import { findBrowser, type FoundBrowser } from './browser/findBrowser.ts';

/** Unpacking npm's Chromium takes a while, so all tests share it. */
const cacheDirectory = join(tmpdir(), 'potluck-browser-tests');
let browser: FoundBrowser;
let server: JoinPageServer;
let data: string;
let child: ChildProcess | undefined;
let output: string;

beforeEach(async () => {
  await mkdir(cacheDirectory, { recursive: true });
  browser = await findBrowser({ cacheDirectory });
  server = await startJoinPageServer('secret');
  data = mkdtempSync(join(tmpdir(), 'potluck-browsers-'));
});
afterEach(async () => {
  if (child) await stopChild(child, 'SIGKILL');
  server.stop();
  await expect.poll(() => browserProcesses()).toEqual([]);
  await rm(data, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

function start(...flags: string[]): ChildProcess {
  output = '';
  const own = ['--data', data, '--browser', browser.path, '--no-sandbox', '--name', 'attic'];
  child = spawn(process.execPath, [program, 'browsers', ...own, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...browser.environment },
  });
  child.stdout?.on('data', (bytes: Buffer) => (output += bytes.toString()));
  child.stderr?.on('data', (bytes: Buffer) => (output += bytes.toString()));
  return child;
}

const processes = (): number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);

/** Empty where the process is gone; with spaces or zeros between the arguments, as the process likes it. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** The browsers' own processes, without their children's: those that have a profile in this test's folder. */
function browserProcesses(profile = data): number[] {
  return processes().filter((pid) => {
    const line = commandLine(pid);
    return line.includes(`--user-data-dir=${profile}`) && !line.includes('--type=');
  });
}

function descendants(pid: number): number[] {
  const children = processes().filter((candidate) => {
    try {
      return readFileSync(`/proc/${candidate}/status`, 'utf8').includes(`\nPPid:\t${pid}\n`);
    } catch {
      return false;
    }
  });
  return children.flatMap((child) => [child, ...descendants(child)]);
}

const trusting = (): string[] => [
  '--hub',
  server.url,
  '--token',
  'secret',
  '--fingerprint',
  server.fingerprint,
];

test('browsers join by themselves, come back after a crash as who they were, and stop cleanly', async () => {
  const browsers = start(...trusting(), '--count', '2', '--gpu', 'none', '--memory', '1GB');
  const arrivals = [await server.arrival(), await server.arrival()];
  expect(arrivals.map(({ name }) => name).sort()).toEqual(['attic-1', 'attic-2']);
  for (const { adapter, ...arrival } of arrivals) {
    expect(arrival).toMatchObject({ auto: '1', memory: '1000000000', isSecureContext: true });
    expect(Number(arrival['main-memory'])).toBe(Math.floor(effectiveMemoryBytes() / 2));
    expect(adapter).toBeUndefined();
  }
  await expect.poll(() => output).toMatch(/"worker":"attic-2".*worker contributing/);

  const first = arrivals.find(({ name }) => name === 'attic-1');
  const [victim] = browserProcesses(join(data, 'browser-1'));
  process.kill(victim ?? 0, 'SIGKILL');
  const back = await server.arrival();
  expect(back).toMatchObject({ name: 'attic-1', identity: first?.identity });
  expect(output).toMatch(/"worker":"attic-1".*the browser ended; starting it again/);
  expect(output).not.toMatch(/"worker":"attic-2".*starting it again/);

  const gone = [back, ...arrivals.filter(({ name }) => name === 'attic-2')].map(({ socket }) =>
    once(socket, 'close'),
  );
  browsers.kill('SIGTERM');
  await Promise.all(gone);
  expect(await once(browsers, 'exit')).toEqual([0, null]);
  expect(browserProcesses()).toEqual([]);
});

test('a page that crashes is opened again, and browsers end with the process that started them', async () => {
  const browsers = start(...trusting(), '--gpu', 'swiftshader');
  const { adapter, identity } = await server.arrival();
  expect(adapter).toMatch(/swiftshader/i);
  await expect.poll(() => output).toContain('worker contributing');
  const [main = 0] = browserProcesses();
  const renderers = descendants(main).filter((pid) => commandLine(pid).includes('--type=renderer'));
  expect(renderers).not.toEqual([]);
  for (const renderer of renderers) process.kill(renderer, 'SIGKILL');
  expect((await server.arrival()).identity).toBe(identity);
  browsers.kill('SIGKILL');
  await expect.poll(() => browserProcesses(), { timeout: 20_000 }).toEqual([]);
});

test('a page that stands still is opened again', async () => {
  start(...trusting(), '--gpu', 'none');
  const { identity, socket } = await server.arrival();
  await expect.poll(() => output).toContain('worker contributing');
  socket.send('hang');
  expect((await server.arrival()).identity).toBe(identity);
  expect(output).toMatch(/"reason":"the page stands still".*the browser ended; starting it again/);
});

test('who is refused, has no browser, or means another hub, is told so, and it ends', async () => {
  const wrongToken = ['--hub', server.url, '--fingerprint', server.fingerprint, '--token', 'another'];
  expect(await once(start(...wrongToken, '--gpu', 'none'), 'close')).toEqual([1, null]);
  expect(output).toContain('potluck browsers: the join token is wrong');
  const cases: [string[], number, RegExp][] = [
    [[...trusting(), '--browser', '/nowhere/chromium'], 1, /--browser \/nowhere\/chromium is no program/],
    [
      [...trusting(), '--browser', process.execPath],
      1,
      /does not start: .*\nName another Chromium or Chrome with --browser/,
    ],
    [['--hub', server.url, '--token', 'secret'], 1, new RegExp(`--fingerprint ${server.fingerprint}`)],
    [
      ['--hub', server.url, '--token', 'secret', '--fingerprint', '00'.repeat(32)],
      1,
      /is not the hub that was meant/,
    ],
    [[...trusting(), '--count', 'many'], 2, /whole number from 1 to 64/],
  ];
  for (const [flags, code, message] of cases) {
    expect(await once(start(...flags), 'close')).toEqual([code, null]);
    expect(output).toMatch(message);
    expect(output).not.toMatch(/\n +at /);
  }
});
