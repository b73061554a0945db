/** Starts the product as a user does: the command line, in a process of its own. */
import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { hasEnded, stopChild as stop } from '@potluck/machine';
import OpenAI from 'openai';
import { freePort } from '../../testing/freePort.ts';
import { copyBuiltInModel } from './builtInModel.ts';
import { program } from '../../testing/program.ts';

export { freePort, stop };

/** How often a hub is asked whether it serves, in milliseconds. */
const askEveryMs = 100;

/** A running hub with its own data directory. */
export interface HubProcess {
  url: string;
  client: OpenAI;
  /** Join token that workers need. */
  joinToken: string;
  dataDirectory: string;
  child: ChildProcess;
  /** Resolves when it has printed `ready`; rejects if it exits first, with what it said. */
  ready: Promise<void>;
  /** Everything it has written to stderr. */
  log(): string;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface HubOptions {
  /** False for a hub that gets ready only with workers that the test starts. */
  waitUntilReady?: boolean;
  /** Flags beside --port, --data and --join-token. */
  flags?: string[];
  /** Kept after the hub stops; the default is a new one that is removed. */
  dataDirectory?: string;
  /** Default: a free one. */
  port?: number;
  env?: Record<string, string>;
  /** Default: this project's `bin/potluck.js`. */
  program?: string;
  /** Flags of Node itself. */
  nodeFlags?: string[];
  /** True for a channel to the process, to what `nodeFlags` load there. */
  ipc?: boolean;
  /** True where the test signals all that run in the hub's terminal: its process group. */
  ownGroup?: boolean;
}

/**
 * @returns the hub once it has printed `ready` (or listens, if that is all that is waited for)
 * @throws if it exits first, with what it said
 */
export async function startHub(options: HubOptions = {}): Promise<HubProcess> {
  const port = options.port ?? (await freePort());
  const joinToken = 'join-token-of-a-test';
  const dataDirectory = options.dataDirectory ?? (await newDataDirectory(options));
  const child = spawn(
    process.execPath,
    [
      ...(options.nodeFlags ?? []),
      options.program ?? program,
      'hub',
      ...['--port', String(port), '--host', '127.0.0.1', '--data', dataDirectory, '--join-token', joinToken],
      ...(options.flags ?? []),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe', ...(options.ipc ? (['ipc'] as const) : [])],
      detached: options.ownGroup === true,
      // Local workers look for no GPU: each start would try WebGPU in a process of its own.
      env: { ...process.env, POTLUCK_DEVICE: 'cpu', ...options.env },
    },
  ) as ChildProcessWithoutNullStreams;
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const removeData = async (): Promise<void> => {
    if (options.dataDirectory === undefined) await rm(dataDirectory, { recursive: true, force: true });
  };
  const lines = createInterface({ input: child.stdout });
  const ready = Promise.race([once(lines, 'line'), once(child, 'close')]).then(([line]: unknown[]) => {
    if (typeof line === 'string' && /^ready http:..\S+:\d+$/.test(line)) return;
    throw new Error(`the hub did not get ready (${String(line)}):\n${log}`);
  });
  const url = `http://127.0.0.1:${port}`;
  const hub: HubProcess = {
    url,
    client: new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 }),
    joinToken,
    dataDirectory,
    child,
    ready,
    log: () => log,
    async [Symbol.asyncDispose]() {
      await stop(child);
      await removeData();
    },
  };
  try {
    await (options.waitUntilReady === false ? listening(url, ready) : ready);
  } catch (error) {
    await hub[Symbol.asyncDispose]();
    throw error;
  }
  return hub;
}

async function newDataDirectory({ flags = [] }: HubOptions): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'potluck-hub-'));
  if (!flags.includes('--model')) await copyBuiltInModel(directory);
  return directory;
}

/** A worker started as a user starts one on a second machine. */
export interface WorkerProcess {
  child: ChildProcess;
  dataDirectory: string;
  log(): string;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * @param flags beside those that every worker of a test gets
 * @param dataDirectory kept after the worker stops; the default is a new one that is removed
 * @param preload a module that is loaded before the product; the process has a channel to it then
 */
export function startWorker(
  hub: Pick<HubProcess, 'url' | 'joinToken'>,
  name: string,
  flags: string[] = [],
  dataDirectory?: string,
  preload?: URL,
): Promise<WorkerProcess> {
  const joining = ['--hub', hub.url, '--token', hub.joinToken, '--name', name];
  return spawnWorker([...joining, ...flags], dataDirectory, preload);
}

/**
 * A worker that waits for a hub to call it.
 * @returns it once it listens
 * @param init.dataDirectory kept after the worker stops; the default is a new one that is removed
 */
export async function startWaitingWorker(
  name: string,
  { port, token, dataDirectory }: { port: number; token: string; dataDirectory?: string },
): Promise<WorkerProcess> {
  const flags = ['--listen', String(port), '--token', token, '--name', name];
  const worker = await spawnWorker(flags, dataDirectory);
  while (!worker.log().includes('waiting for a hub to call')) {
    if (hasEnded(worker.child)) throw new Error(`the worker ended:\n${worker.log()}`);
    await Promise.race([once(worker.child.stdout ?? worker.child, 'data'), once(worker.child, 'exit')]);
  }
  return worker;
}

async function spawnWorker(flags: string[], given?: string, preload?: URL): Promise<WorkerProcess> {
  const dataDirectory = given ?? (await mkdtemp(join(tmpdir(), 'potluck-worker-')));
  const before = preload ? ['--disable-warning=ExperimentalWarning', '--import', preload.href] : [];
  const child = spawn(
    process.execPath,
    [...before, program, 'worker', '--data', dataDirectory, '--device', 'cpu', ...flags],
    { stdio: ['ignore', 'pipe', 'pipe', ...(preload ? (['ipc'] as const) : [])] },
  ) as ChildProcessWithoutNullStreams;
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (log += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  return {
    child,
    dataDirectory,
    log: () => log,
    async [Symbol.asyncDispose]() {
      await stop(child);
      if (given === undefined) await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** Waits until the hub's port answers. */
async function listening(url: string, ready: Promise<void>): Promise<void> {
  ready.catch(() => undefined);
  for (;;) {
    const answered = await fetch(`${url}/health`).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await Promise.race([ready, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
}

/** Waits until the models of a hub that answers are served. */
export async function untilServed(url: string): Promise<void> {
  while (!(await fetch(`${url}/health/ready`)).ok) await pause(askEveryMs);
}
