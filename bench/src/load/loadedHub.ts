/** A real hub without workers of its own, in a process that tells what it uses. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stop } from '../../../e2e/support/hubProcess.ts';
import type { ProcessUse } from './observer.ts';

export interface LoadedHub extends AsyncDisposable {
  url: string;
  joinToken: string;
  /** What its process uses; delays are those since the last call. */
  use(): Promise<ProcessUse>;
}

export interface LoadedHubInit {
  port: number;
  /** A directory with a model. */
  model: string;
  /** Folder for a profile of the processor's time, as `--cpu-prof` writes it; undefined for none. */
  profiles?: string | undefined;
}

const joinToken = 'join-token-of-the-bench';
const askEveryMs = 100;

/** @returns once it answers */
export async function startLoadedHub({ port, model, profiles }: LoadedHubInit): Promise<LoadedHub> {
  const data = await mkdtemp(path.join(tmpdir(), 'potluck-bench-'));
  const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(
    process.execPath,
    [
      ...(profiles === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profiles]),
      ...['--import', here('observer.ts'), here('../../../bin/potluck.js'), 'hub'],
      ...['--port', String(port), '--host', '127.0.0.1', '--data', data, '--log-level', 'error'],
      ...['--https-port', 'off', '--stun-port', 'off', '--local-workers', '0', '--model', model],
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, POTLUCK_JOIN_TOKEN: joinToken },
    },
  );
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error(`the hub ended with ${child.exitCode}`);
    await pause(askEveryMs);
  }
  return {
    url,
    joinToken,
    use: async () => {
      child.send('use');
      const [use] = (await once(child, 'message')) as [ProcessUse];
      return use;
    },
    async [Symbol.asyncDispose]() {
      await stop(child);
      await rm(data, { recursive: true, force: true });
    },
  };
}
