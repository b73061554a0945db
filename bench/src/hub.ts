/** A real hub in a process of its own, with a data directory that goes with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

export interface Hub {
  url: string;
  /** Resolves when a model is served; rejects with what the hub said if it ends before. */
  ready: Promise<void>;
  /** Everything it has written to stderr. */
  log(): string;
  hasEnded(): boolean;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How often a hub is asked whether it serves, in milliseconds. */
const askEveryMs = 100;

/** Waits until the models of a hub that answers are served. */
export async function untilServed(url: string): Promise<void> {
  while (!(await fetch(`${url}/health/ready`)).ok) await pause(askEveryMs);
}

/**
 * @param flags of `potluck hub`, beside --port, --host, --data and --log-level
 * @param device of its local workers, as `potluck worker --device` takes it
 */
export async function startHub(port: number, flags: string[], device = 'cpu'): Promise<Hub> {
  const data = await mkdtemp(join(tmpdir(), 'potluck-bench-'));
  const bin = new URL('../../bin/potluck.js', import.meta.url).pathname;
  const child = spawn(
    process.execPath,
    [
      bin,
      'hub',
      ...['--port', String(port), '--host', '127.0.0.1', '--data', data, '--log-level', 'warn'],
      ...flags,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, POTLUCK_DEVICE: device } },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const lines = createInterface({ input: child.stdout });
  const ready = Promise.race([once(lines, 'line'), once(child, 'exit')]).then(([line]: unknown[]) => {
    if (typeof line !== 'string' || !line.startsWith('ready '))
      throw new Error(`the hub did not get ready:\n${log}`);
  });
  // Whoever waits is told; until then it is not an unhandled rejection.
  ready.catch(() => undefined);
  return {
    url: `http://127.0.0.1:${port}`,
    ready,
    log: () => log,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) {
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        await exited;
      }
      await rm(data, { recursive: true, force: true });
    },
  };
}
