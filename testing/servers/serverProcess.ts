/** A real server beside a test, in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { hasEnded, stopChild } from '@potluck/machine';
import { freePort } from '../freePort.ts';
import { temporaryDirectory } from '../temporaryDirectory.ts';

export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The process that runs now, or ran last. */
  readonly child: ChildProcess;
  /** Everything that it has said. */
  log(): string;
  /** Ends it at once, as a power cut would; its files stay. */
  kill(): Promise<void>;
  /** Starts it again, at the same port and with the same files. */
  start(): Promise<void>;
}

export interface ServerProgram {
  program: string;
  /** Of its URL, such as `http`. */
  scheme: string;
  /** @param directory for its files, removed in the end */
  flags: (port: number, directory: string) => string[];
  environment?: NodeJS.ProcessEnv | undefined;
  /** Whether it answers. */
  answers: (port: number) => Promise<boolean>;
}

const askEveryMs = 20;
/** Another program may take the port in the moment before the server does, or have a connection from there for a while. */
const mostTries = 5;
const portTakenMs = 1000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** @returns the server once it answers @throws Error with what it said, where it ends instead */
export async function startServer(server: ServerProgram): Promise<ServerProcess> {
  const directory = await temporaryDirectory('potluck-server-');
  let log = '';
  let child: ChildProcess;
  let port = 0;
  const start = async (): Promise<void> => {
    const former = log.length;
    const started = spawn(server.program, server.flags(port, directory.path), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...server.environment },
    });
    child = started;
    running.add(started);
    let problem: Error | undefined;
    started.once('exit', () => running.delete(started));
    started.once('error', (error) => (problem = error));
    for (const stream of [started.stdout, started.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (log += text));
    while (!(await server.answers(port))) {
      if (problem ?? hasEnded(started))
        throw new Error(`${server.program} ended: ${problem ?? log.slice(former)}`);
      await pause(askEveryMs);
    }
    // What answered may have been another program at this port.
    if (hasEnded(started)) throw new Error(`${server.program} ended: ${log}`);
  };
  const kill = (): Promise<void> => stopChild(child, 'SIGKILL');
  try {
    await retried(async () => {
      port = await freePort();
      await start();
    });
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
  return {
    url: `${server.scheme}://127.0.0.1:${port}`,
    port,
    get child() {
      return child;
    },
    log: () => log,
    kill,
    start: () => retried(start),
    async [Symbol.asyncDispose]() {
      await kill();
      await directory[Symbol.asyncDispose]();
    },
  };
}

async function retried(start: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await start();
    } catch (error) {
      if (tries === mostTries || !/in use/i.test(String(error))) throw error;
      await pause(portTakenMs);
    }
  }
}
