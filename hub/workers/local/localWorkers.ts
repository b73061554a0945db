/** Node workers beside the hub: processes of their own, started again when they end, gone when the hub is gone. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopChild } from '@potluck/machine';
import { refusedExitCode } from '@potluck/protocol';
import type { Logger } from 'pino';
import { childEnvironment } from '../../files/childEnvironment.ts';
import { messageOf } from '../../errors/messageOf.ts';

const potluck = fileURLToPath(new URL('../../../bin/potluck.js', import.meta.url));
const childOfHub = new URL('./childOfHub.ts', import.meta.url).href;
const firstRestartMs = 500;
const longestRestartMs = 30_000;
/** A worker that ran for this long is not in a crash loop. */
const healthyAfterMs = 60_000;
const stopTimeoutMs = 5000;
/** After as many failures nobody waits for a worker any more, though it is still started again. */
const hopelessFailures = 3;
/** A worker that was here, runs, has not come back, and has not answered for so long hangs. */
const hangsAfterMs = 15_000;
/** One that answers is only slow, or tries to come back, which takes half a minute at most: after as many times it is ended, too. */
const mostLooks = 8;
/** A look that comes so much later than it should, in milliseconds, says that the machine is too busy for anybody to answer. */
const lateMs = 1000;
/**
 * What a worker needs of the hub's environment: where programs, libraries, temporary files and caches are, how to reach the
 * network, what graphics drivers are told, and how it is to compute.
 */
const neededVariables = new RegExp(
  [
    '^(PATH|HOME|TMPDIR|TMP|TEMP|TZ|LANG|LC_.*|XDG_.*|DISPLAY|WAYLAND_DISPLAY',
    'SystemRoot|windir|USERPROFILE|APPDATA|LOCALAPPDATA|ProgramData',
    'LD_LIBRARY_PATH|DYLD_.*|NODE_COMPILE_CACHE|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|SSL_CERT_.*',
    'HTTPS?_PROXY|NO_PROXY|ALL_PROXY|NODE_USE_ENV_PROXY',
    'VK_.*|MESA_.*|DRI_.*|LIBGL_.*|CUDA_.*|NVIDIA_.*|HIP_.*|ROCR_.*|OMP_.*|POTLUCK_DEVICE)$',
  ].join('|'),
  'i',
);

export interface LocalWorkersInit {
  count: number;
  hubUrl: string;
  joinToken: string;
  /** Each worker has a folder of its own below this one. */
  directory: string;
  /** The hub's blobs, which the workers read where they are. */
  blobsDirectory: string;
  /** Of each worker. */
  memoryBytes: number;
  /** Of each worker; undefined leaves it to ONNX Runtime. */
  threads?: number;
  logLevel: string;
  /** Default: 15 s. */
  hangsAfterMs?: number;
  /** What is run with the arguments of `potluck`. Default: `bin/potluck.js`. */
  program?: string;
}

interface LocalWorker {
  name: string;
  directory: string;
  process: ChildProcess | undefined;
  failures: number;
  /** Times in a row that the hub would not have it. */
  refusals: number;
  restart: NodeJS.Timeout | undefined;
  /** Runs while the worker is missed. */
  missed: NodeJS.Timeout | undefined;
  /** `performance.now()` when its event loop last showed that it turns. */
  answeredAt: number;
}

export class LocalWorkers {
  readonly #init: LocalWorkersInit;
  readonly #logger: Logger;
  readonly #workers: LocalWorker[];
  #stopped = false;

  constructor(components: { logger: Logger }, init: LocalWorkersInit) {
    this.#logger = components.logger;
    this.#init = init;
    this.#workers = Array.from({ length: init.count }, (_, index) => {
      const name = `local-${index + 1}`;
      const directory = path.join(init.directory, name);
      return {
        name,
        directory,
        process: undefined,
        failures: 0,
        refusals: 0,
        restart: undefined,
        missed: undefined,
        answeredAt: 0,
      };
    });
  }

  start(): void {
    for (const worker of this.#workers) this.#spawn(worker);
  }

  /** How many of the workers are not among `names` but may still come. */
  startingBeside(names: ReadonlySet<string>): number {
    return this.#workers.filter(
      (worker) => !names.has(worker.name) && worker.failures < hopelessFailures && !rests(worker),
    ).length;
  }

  /** Starts those that were refused again: the hub has changed its mind about a node. */
  startRefused(): void {
    for (const worker of this.#workers.filter(rests)) {
      worker.refusals = 0;
      this.#spawn(worker);
    }
  }

  /**
   * A worker of this name has left the hub. One whose process still runs, but does not answer or does not come back, is ended, so
   * that it is started again.
   * @param isBack whether a worker of this name is here now
   */
  missed(name: string, isBack: () => boolean): void {
    const worker = this.#workers.find((one) => one.name === name);
    if (!worker?.process) return;
    clearTimeout(worker.missed);
    this.#askWhetherItHangs(worker, worker.process, isBack);
  }

  #askWhetherItHangs(worker: LocalWorker, child: ChildProcess, isBack: () => boolean, looks = 1): void {
    const limitMs = this.#init.hangsAfterMs ?? hangsAfterMs;
    const askedAt = performance.now();
    // Where it has just ended, nobody answers.
    if (child.connected) child.send('does your event loop turn?', () => undefined);
    worker.missed = setTimeout(() => {
      if (this.#stopped || isBack() || worker.process !== child) return;
      const isLate = performance.now() - askedAt > limitMs + lateMs;
      const hasAnswered = worker.answeredAt > askedAt;
      if ((hasAnswered || isLate) && looks < mostLooks) {
        this.#askWhetherItHangs(worker, child, isBack, looks + 1);
        return;
      }
      const why = hasAnswered ? 'does not come back' : 'gives no sign of life';
      this.#logger.warn({ worker: worker.name }, `local worker ${why}; ending it`);
      child.kill('SIGKILL');
    }, limitMs).unref();
  }

  /** Ends all workers; waits for them, and kills those that take too long. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(
      this.#workers.map(async (worker) => {
        clearTimeout(worker.restart);
        clearTimeout(worker.missed);
        const { process: child } = worker;
        if (!child) return;
        const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
        await stopChild(child);
        clearTimeout(timer);
      }),
    );
  }

  #spawn(worker: LocalWorker): void {
    if (this.#stopped) return;
    const {
      hubUrl,
      joinToken,
      blobsDirectory,
      memoryBytes,
      threads,
      logLevel,
      program = potluck,
    } = this.#init;
    const options = {
      hub: hubUrl,
      name: worker.name,
      data: worker.directory,
      'shared-blobs': blobsDirectory,
      memory: `${memoryBytes}B`,
      'log-level': logLevel,
      ...(threads === undefined ? {} : { threads: String(threads) }),
    };
    const startedAt = performance.now();
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    // Standard output belongs to the hub. The IPC channel tells the worker when the hub is gone, however it went.
    const child = spawn(process.execPath, ['--import', childOfHub, program, 'worker', ...flags], {
      stdio: ['ignore', process.stderr.fd, process.stderr.fd, 'ipc'],
      // Ctrl-C and a terminal that is closed are told to all that run in it: the hub ends its workers, after its answers.
      ...{ detached: true, windowsHide: true },
      // Secrets do not go on a command line.
      env: { ...childEnvironment(neededVariables), POTLUCK_TOKEN: joinToken },
    });
    worker.process = child;
    child.on('message', () => (worker.answeredAt = performance.now()));
    child.on('error', (error) => {
      this.#logger.error(
        { worker: worker.name, reason: messageOf(error) },
        'local worker could not be started',
      );
    });
    child.once('exit', (code, signal) => {
      if (this.#stopped) return;
      worker.refusals = code === refusedExitCode ? worker.refusals + 1 : 0;
      if (rests(worker)) {
        this.#logger.warn(
          { worker: worker.name },
          'this hub refuses its local worker; it is started again when a node may join again',
        );
        return;
      }
      worker.failures = performance.now() - startedAt > healthyAfterMs ? 1 : worker.failures + 1;
      const delayMs = Math.min(longestRestartMs, firstRestartMs * 2 ** (worker.failures - 1));
      this.#logger.warn(
        { worker: worker.name, code, signal, delayMs },
        'local worker ended; starting it again',
      );
      worker.restart = setTimeout(() => this.#spawn(worker), delayMs);
    });
  }
}

/** A worker that was told to go is started once more: only one that is then refused again is banned. */
const rests = ({ refusals }: LocalWorker): boolean => refusals >= 2;
