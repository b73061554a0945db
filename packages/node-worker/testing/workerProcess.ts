/** Headless workers as processes of their own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from '../../../testing/program.ts';

export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly dataDirectory: string;
  /** All that it printed, both streams. */
  output(): string;
  /** Exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>;
  /** Ends it at once and removes its data. */
  stop(): Promise<void>;
}

export interface WorkerProcessInit {
  args: string[];
  environment?: NodeJS.ProcessEnv;
  /** Default: a fresh one, removed at the end. */
  dataDirectory?: string;
}

export function startWorkerProcess({
  args,
  environment = {},
  dataDirectory,
}: WorkerProcessInit): WorkerProcess {
  const data = dataDirectory ?? mkdtempSync(join(tmpdir(), 'potluck-worker-'));
  const child = spawn(process.execPath, [program, 'worker', ...args], {
    env: { ...process.env, POTLUCK_DATA: data, POTLUCK_LOG_LEVEL: 'debug', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const exited = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'gone'));
  });
  return {
    child,
    dataDirectory: data,
    output: () => output,
    exited,
    async stop() {
      child.kill('SIGKILL');
      await exited;
      if (dataDirectory === undefined) rmSync(data, { recursive: true, force: true });
    },
  };
}
