import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stopChild } from '@potluck/machine';
import OpenAI from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { entry, program } from '../../testing/program.ts';

/** As people start it. */
const sources = fileURLToPath(new URL(`../../${entry}`, import.meta.url));
let directory: string;
let running: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-hub-process-'));
});
afterEach(async () => {
  for (const child of running) await stopChild(child, 'SIGKILL');
  running = [];
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

function start(flags: string[], file = program): ChildProcess {
  const child = spawn(process.execPath, [file, 'hub', '--data', path.join(directory, 'data'), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('POTLUCK_'))),
  });
  child.stderr?.resume();
  running.push(child);
  return child;
}

/** Base URL of a hub, once it printed its one line. */
async function readyUrl(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('standard output is piped');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^ready (http:\/\/localhost:\d+)$/.exec(line)?.[1];
    if (url) return url;
    throw new Error(`unexpected line on standard output: ${line}`);
  }
  throw new Error('the hub ended without a word');
}

async function ask(
  url: string,
  content = 'What is the capital of France?',
): Promise<{ text: string; route: string | null }> {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0 });
  const { data, response } = await client.chat.completions
    .create({ model: 'minimind2-small', temperature: 0, messages: [{ role: 'user', content }] })
    .withResponse();
  return { text: data.choices[0]?.message.content ?? '', route: response.headers.get('x-potluck-route') };
}

/** The processes that a hub has started: its workers, and those that encode conversations. */
const childrenOf = async (hub: ChildProcess): Promise<{ pid: number; isWorker: boolean }[]> => {
  const lister = spawn('ps', ['-o', 'pid=,args=', '--ppid', String(hub.pid)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  for await (const chunk of lister.stdout) text += String(chunk);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => ({ pid: Number.parseInt(line), isWorker: / worker /.test(line) }));
};
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** More stages say the same: e2e/answers.integration.test.ts. */
test('a cold start answers with one worker, and the same with two; its database outlives kill -9', async () => {
  const whole = start(['--port', '0'], sources);
  const url = await readyUrl(whole);
  expect(await ask(url)).toEqual({ text: 'The capital of France is Paris.', route: 'local-1[0-7]' });
  // It reads the hub's own blobs: the model is on the disk once.
  expect(await readdir(path.join(directory, 'data/workers/local-1/blobs'))).toEqual([]);
  const before = (await (await fetch(`${url}/api/requests`)).json()) as { requests: unknown[] };
  expect(before.requests).toHaveLength(1);
  const children = await childrenOf(whole);
  expect(children.filter(({ isWorker }) => isWorker)).toHaveLength(1);
  whole.kill('SIGKILL');
  await expect.poll(() => children.some(({ pid }) => isAlive(pid)), { timeout: 20_000 }).toBe(false);

  const split = start(['--port', '0', '--local-workers', '2', '--stages', '2']);
  const splitUrl = await readyUrl(split);
  expect(await ask(splitUrl)).toEqual({
    text: 'The capital of France is Paris.',
    route: expect.stringMatching(/^local-(\d)\[0-\d\],local-(?!\1)\d\[\d-7\]$/) as string,
  });
  const after = (await (await fetch(`${splitUrl}/api/requests`)).json()) as { requests: unknown[] };
  expect(after.requests).toHaveLength(2);
  const splitChildren = await childrenOf(split);
  expect(splitChildren.filter(({ isWorker }) => isWorker)).toHaveLength(2);
  split.kill('SIGTERM');
  expect(await once(split, 'exit')).toEqual([0, null]);
  expect(splitChildren.some(({ pid, isWorker }) => isWorker && isAlive(pid))).toBe(false);
  await expect.poll(() => splitChildren.some(({ pid }) => isAlive(pid)), { timeout: 20_000 }).toBe(false);
  expect((await stat(path.join(directory, 'data/secrets.json'))).mode & 0o777).toBe(0o600);
});

test('what can not be started ends with one message and no stack trace', async () => {
  const taken = createServer().listen(0);
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  await writeFile(path.join(directory, 'file'), '');
  const cases: [string[], number, RegExp][] = [
    [['--port', String(port)], 2, /port \d+ is in use.*--port/],
    [['--port', 'many'], 2, /A port is a number/],
    [['--port', '0', '--https-port', String(port)], 2, /port \d+ is in use.*--https-port/],
    [
      ['--port', '0', '--certificate', 'no.pem', '--certificate-key', 'no.pem'],
      2,
      /--certificate no\.pem can't be read/,
    ],
    [['--port', '0', '--data', path.join(directory, 'file/inside')], 2, /can't be used.*--data/],
    [['--port', '0', '--model', 'none'], 1, /no model 'none'/],
  ];
  for (const [flags, code, message] of cases) {
    const child = start([...flags, '--log-level', 'fatal']);
    let text = '';
    child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    expect(await once(child, 'close')).toEqual([code, null]);
    expect(text).toMatch(message);
    expect(text).not.toMatch(/\n +at /);
  }
  taken.close();
});
