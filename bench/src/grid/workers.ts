/** A hub without workers of its own, and workers in processes of their own, so that each can be slowed, stopped and killed. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import {
  startHub,
  startWorker,
  untilServed,
  type HubProcess,
  type WorkerProcess,
} from '../../../e2e/support/hubProcess.ts';

export interface GridOfProcesses extends AsyncDisposable {
  hub: HubProcess;
  /** By name, `worker 1` first. */
  workers: ReadonlyMap<string, WorkerProcess>;
}

export interface GridInit {
  modelDirectory: string;
  stages: number;
  workers: number;
  /** Milliseconds that what goes from one worker to another takes longer, one way. */
  delayMs?: number;
  /** True where workers have the weights on their disk when they start: the hub's own files, which they read. */
  hasWeights?: boolean;
  /** Processor cores for the workers, one each in turn (Linux); all of them for all by default. */
  cores?: readonly number[];
}

/** @returns once the model is served; every worker computes with one thread of the processor */
export async function startGridOfProcesses(init: GridInit): Promise<GridOfProcesses> {
  const { modelDirectory, stages, workers, delayMs = 0, hasWeights = false, cores = [] } = init;
  await using starting = new AsyncDisposableStack();
  const hub = starting.use(
    await startHub({
      waitUntilReady: false,
      flags: [
        ...['--model', modelDirectory, '--stages', String(stages), '--local-workers', '0'],
        ...['--https-port', 'off', '--log-level', 'warn'],
      ],
    }),
  );
  const started = new Map<string, WorkerProcess>();
  const flags = ['--threads', '1', '--memory', '3GB'];
  if (hasWeights) flags.push('--shared-blobs', join(hub.dataDirectory, 'blobs'));
  // What a worker reads when it starts.
  process.env.POTLUCK_TEST_LINK_DELAY_MS = String(delayMs);
  for (let number = 1; number <= workers; number++) {
    const name = `worker ${number}`;
    const worker = starting.use(await startWorker(hub, name, flags));
    started.set(name, worker);
    const core = cores[(number - 1) % cores.length];
    if (core !== undefined) pin(worker, core);
  }
  delete process.env.POTLUCK_TEST_LINK_DELAY_MS;
  await untilServed(hub.url);
  const running = starting.move();
  return { hub, workers: started, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Threads that it starts later stay there, too. */
function pin({ child: { pid } }: WorkerProcess, core: number): void {
  if (pid === undefined) throw new Error('the worker did not start');
  execFileSync('taskset', ['--all-tasks', '--pid', '--cpu-list', String(core), String(pid)]);
}
