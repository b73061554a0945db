/** Conversations of about one length, encoded one after the other in a process that can be stopped. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../files/childEnvironment.ts';
import { FairQueue } from '../../fairness/fairQueue.ts';
import { EncodingError } from './encodingError.ts';
import { ModelError } from '../modelError.ts';
import type { ChatMessage, RenderOptions } from '../chatFormat.ts';

/** What the process is asked: a verb of `ChatFormat` and what it takes. */
export type EncodingTask =
  | { verb: 'encode'; messages: ChatMessage[]; options: RenderOptions }
  | { verb: 'encodeText'; text: string; addsSpecial: boolean; isPlain: boolean }
  /** Answered with the token ids, and as many token types behind them. */
  | { verb: 'encodePair'; text: string; pair: string };

/** What it answers: when it begins, and how it ends; `expired` where the work takes too long. */
export type EncodeAnswer =
  { type: 'begun' | 'expired' } | { type: 'done'; result: number[] } | { type: 'refused'; reason: string };

export interface EncodingLaneInit {
  /** As `loadChatFormat` takes it. */
  directory: string;
  /** Most processor time for one conversation, in milliseconds. */
  processorMs: number;
  /** Most memory for what it computes with, in MiB. */
  heapMegabytes: number;
  /** The process holds a tokenizer of its own, so it ends when nobody needed it for this long, in milliseconds. */
  idleMs: number;
}

interface Job {
  task: EncodingTask;
  done: (result: number[]) => void;
  failed: (error: Error) => void;
}

/** A process that says nothing for this long, by the clock, hangs. */
const hangsAfterMs = 10 * 60_000;
/** What Node needs to start, on Windows too, to start quickly, and to tell the time that templates write. */
const neededVariables = /^(SystemRoot|NODE_COMPILE_CACHE|TZ)$/i;
const lostReason =
  'Reading the messages took more memory than the hub gives to it, or the process that did it was ended. Shorten them.';

export class EncodingLane {
  readonly #init: EncodingLaneInit;
  readonly #waiting = new FairQueue<Job>();
  #process: ChildProcess | undefined;
  #running: Job | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(init: EncodingLaneInit) {
    this.#init = init;
  }

  /** Starts the process, so that the first conversation does not wait for it. */
  warmUp(): void {
    this.#process ??= this.#start();
    this.#rest();
  }

  /**
   * @param share whose conversation it is: each share gets its turn, however many the others have
   * @param cost of it, beside others
   * @returns token ids
   * @throws ModelError as `ChatFormat.encode` does; EncodingError if that takes too much time or memory; the signal's reason
   */
  run(task: EncodingTask, share: string, cost: number, signal: AbortSignal): Promise<number[]> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(signal.reason as Error);
        if (this.#running === job) this.#stop();
        else this.#waiting.remove(job);
        this.#next();
      };
      const job: Job = {
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
    this.#deadline = setTimeout(() => this.#fail(lostReason), hangsAfterMs);
    (this.#process ??= this.#start()).send(job.task, (error) => {
      if (error && this.#running === job) this.#fail(lostReason);
    });
  }

  #start(): ChildProcess {
    const { directory, heapMegabytes, processorMs } = this.#init;
    const program = fileURLToPath(new URL('./encodingProcess.ts', import.meta.url));
    const child = fork(program, [directory, String(heapMegabytes), String(processorMs)], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
      env: childEnvironment(neededVariables),
    });
    // The hub does not stay for it.
    child.unref();
    child.channel?.unref();
    child.on('message', (answer) => this.#receive(child, answer as EncodeAnswer));
    child.on('error', () => this.#lost(child));
    child.on('exit', () => this.#lost(child));
    return child;
  }

  #receive(child: ChildProcess, answer: EncodeAnswer): void {
    const job = this.#running;
    if (this.#process !== child || !job) return;
    switch (answer.type) {
      case 'begun':
        return;
      case 'expired':
        this.#fail(
          `Reading the messages took longer than ${this.#init.processorMs / 1000} s, so the hub stopped. Shorten them; if short ` +
            "ones fail too, the model's tokenizer or chat template is at fault.",
        );
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
    this.#fail(lostReason);
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
    this.#idle = setTimeout(() => {
      if (!this.#running) this.#stop();
    }, this.#init.idleMs).unref();
  }
}
