/** Work that what others wrote may make endless, one piece after the other, in a process that can be stopped. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../files/childEnvironment.ts';
import { FairQueue } from '../../fairness/fairQueue.ts';
import { EncodingError } from './encodingError.ts';
import { ModelError } from '../modelError.ts';

/** What the process answers: when it begins, and how it ends; `expired` where the work takes too long. */
export type LaneAnswer<Result> =
  { type: 'begun' | 'expired' } | { type: 'done'; result: Result } | { type: 'refused'; reason: string };

/** What the work is, for the lane. */
export interface LaneWork {
  /** Module that does it in a thread of the process: takes tasks and tells `LaneAnswer`s through its `parentPort`. */
  thread: URL;
  /** Its `workerData`. */
  given: string;
  /** For who asked, where it took too long. @param seconds that it was given */
  tooLong: (seconds: number) => string;
  /** The same where the process ended. */
  lost: string;
}

export interface EncodingLaneInit {
  work: LaneWork;
  /** Most processor time for one task, in milliseconds. */
  processorMs: number;
  /** Most memory for what it computes with, in MiB. */
  heapMegabytes: number;
  /** The process holds what it works with, so it ends when nobody needed it for this long, in milliseconds. */
  idleMs: number;
}

interface Job<Task, Result> {
  task: Task;
  done: (result: Result) => void;
  failed: (error: Error) => void;
}

/** A process that says nothing for this long, by the clock, hangs. */
const hangsAfterMs = 10 * 60_000;
/** What Node needs to start, on Windows too, to start quickly, and to tell the time that templates write. */
const neededVariables = /^(SystemRoot|NODE_COMPILE_CACHE|TZ)$/i;

export class EncodingLane<Task extends object, Result> {
  readonly #init: EncodingLaneInit;
  readonly #waiting = new FairQueue<Job<Task, Result>>();
  #process: ChildProcess | undefined;
  #running: Job<Task, Result> | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(init: EncodingLaneInit) {
    this.#init = init;
  }

  /** Starts the process, so that the first conversation does not wait for it. */
  warmUp(): void {
    this.#process ??= this.#start();
    this.#rest();
  }

  /** Nobody asks any more: the process ends as soon as it has nothing to do. */
  close(): void {
    this.#isClosed = true;
    this.#rest();
  }

  /**
   * @param share whose conversation it is: each share gets its turn, however many the others have
   * @param cost of it, beside others
   * @throws ModelError with what the thread refuses; EncodingError if that takes too much time or memory; the signal's reason
   */
  run(task: Task, share: string, cost: number, signal: AbortSignal): Promise<Result> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(signal.reason as Error);
        if (this.#running === job) this.#stop();
        else this.#waiting.remove(job);
        this.#next();
      };
      const job: Job<Task, Result> = {
        task,
        done: (result) => {
          signal.removeEventListener('abort', onAbort);
          resolve(result);
        },
        failed: (error) => {
          signal.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(job, share, cost);
      this.#next();
    });
  }

  #next(): void {
    if (this.#running) return;
    const [job] = this.#waiting.heads();
    if (!job) {
      this.#rest();
      return;
    }
    this.#waiting.take(job);
    clearTimeout(this.#idle);
    this.#running = job;
    this.#deadline = setTimeout(() => this.#fail(this.#init.work.lost), hangsAfterMs);
    (this.#process ??= this.#start()).send(job.task, (error) => {
      if (error && this.#running === job) this.#fail(this.#init.work.lost);
    });
  }

  #start(): ChildProcess {
    const { work, heapMegabytes, processorMs } = this.#init;
    const program = fileURLToPath(new URL('./encodingProcess.ts', import.meta.url));
    const child = fork(program, [work.thread.href, work.given, String(heapMegabytes), String(processorMs)], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
      // Out of reach of its terminal's Ctrl-C: it ends with the hub, which may still answer.
      ...{ detached: true, windowsHide: true },
      env: childEnvironment(neededVariables),
    });
    // The hub does not stay for it.
    child.unref();
    child.channel?.unref();
    child.on('message', (answer) => this.#receive(child, answer as LaneAnswer<Result>));
    child.on('error', () => this.#lost(child));
    child.on('exit', () => this.#lost(child));
    return child;
  }

  #receive(child: ChildProcess, answer: LaneAnswer<Result>): void {
    const job = this.#running;
    if (this.#process !== child || !job) return;
    switch (answer.type) {
      case 'begun':
        return;
      case 'expired':
        this.#fail(this.#init.work.tooLong(this.#init.processorMs / 1000));
        return;
      case 'done':
        job.done(answer.result);
        break;
      case 'refused':
        job.failed(new ModelError(answer.reason));
    }
    this.#end();
    this.#next();
  }

  /** The process died: by its memory limit, or by a fault of the runtime. */
  #lost(child: ChildProcess): void {
    if (this.#process !== child) return;
    this.#process = undefined;
    this.#fail(this.#init.work.lost);
  }

  #fail(reason: string): void {
    const job = this.#running;
    this.#stop();
    job?.failed(new EncodingError(reason));
    this.#next();
  }

  /** Ends what runs; the next conversation gets another process. */
  #stop(): void {
    this.#end();
    const child = this.#process;
    this.#process = undefined;
    child?.kill('SIGKILL');
  }

  #end(): void {
    clearTimeout(this.#deadline);
    this.#running = undefined;
  }

  #rest(): void {
    clearTimeout(this.#idle);
    if (!this.#process || this.#running) return;
    if (this.#isClosed) {
      this.#stop();
      return;
    }
    this.#idle = setTimeout(() => {
      if (!this.#running) this.#stop();
    }, this.#init.idleMs).unref();
  }
}
