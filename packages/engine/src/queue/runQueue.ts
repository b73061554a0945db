/**
 * The one queue around ONNX Runtime in a process: `create`, `run` and `release` never overlap, since overlapping
 * calls hang or abort the wasm build.
 */

/** `first` goes before `later`: decode steps before chunks of prompts. */
export type RunPriority = 'first' | 'later';

export interface RunTask<Result> {
  priority: RunPriority;
  /** Tasks with the same order key run in the order they came, whatever their priority. */
  orderKey?: object | undefined;
  /** Asked when the task's turn comes; what it returns is thrown instead of running the task. */
  abandoned?: (() => Error | undefined) | undefined;
  run(): Promise<Result>;
}

interface Waiting {
  task: RunTask<unknown>;
  /** Tasks that came later and went before. */
  overtaken: number;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** A `later` task goes next when so many went before it, so that many answers never starve a prompt. */
const maxOvertakes = 32;

/** Runs tasks one at a time. */
export class RunQueue {
  readonly #waiting: Waiting[] = [];
  #running = false;

  /** Tasks that wait, the running one left out. */
  get length(): number {
    return this.#waiting.length;
  }

  /** @returns what the task returns; rejects with what it throws or what `abandoned` returned */
  run<Result>(task: RunTask<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ task, overtaken: 0, resolve: resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    for (let next = this.#take(); next; next = this.#take()) {
      try {
        const refusal = next.task.abandoned?.();
        if (refusal) throw refusal;
        next.resolve(await next.task.run());
      } catch (error) {
        next.reject(error);
      }
    }
    this.#running = false;
  }

  #take(): Waiting | undefined {
    const index = this.#nextIndex();
    for (const passed of this.#waiting.slice(0, index)) passed.overtaken++;
    return this.#waiting.splice(index, 1)[0];
  }

  #nextIndex(): number {
    if ((this.#waiting[0]?.overtaken ?? 0) >= maxOvertakes) return 0;
    const held = new Set<object>();
    for (const [index, { task }] of this.#waiting.entries()) {
      if (task.priority === 'first' && !(task.orderKey && held.has(task.orderKey))) return index;
      if (task.orderKey) held.add(task.orderKey);
    }
    return 0;
  }
}
