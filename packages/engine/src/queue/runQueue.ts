/**
 * The one queue around ONNX Runtime in a process: `create`, `run` and `release` never overlap, since overlapping
 * calls hang or abort the wasm build.
 */
import { nextTurn, restBriefly } from './nextTurn.ts';

/** `first` goes before `later`: decode steps before chunks of prompts. */
export type RunPriority = 'first' | 'later';

interface TaskPlace {
  priority: RunPriority;
  /** Tasks with the same order key run in the order they came, whatever their priority. */
  orderKey?: object | undefined;
  /** Asked when the task's turn comes; what it returns is thrown instead of running the task. */
  abandoned?: (() => Error | undefined) | undefined;
}

/** A task that runs by itself. */
export interface RunTask<Result> extends TaskPlace {
  run(): Promise<Result>;
}

/** A task that runs together with others of its batch, as far as they wait when its turn comes. */
export interface MemberTask<Member, Result> extends TaskPlace {
  batch: RunBatch<Member, Result>;
  member: Member;
  /** Members that its run is best with: no more are taken, and a run waits for so many (`waitMs`). Default: all that are there. */
  wanted?: number | undefined;
}

/** How tasks run together. */
export interface RunBatch<Member, Result> {
  /** Most members of one run. */
  readonly most: number;
  /**
   * Milliseconds after the last run and after each task that comes for which a run waits for as many members as are wanted, or as
   * the last one had: answers just left, and the next steps come within that time or much later. Default 0.
   */
  readonly waitMs?: number;
  /** @returns what became of each member, in their order; rejects only where it is the same for all */
  run(members: Member[]): Promise<PromiseSettledResult<Result>[]>;
}

interface Waiting {
  task: RunTask<unknown> | MemberTask<unknown, unknown>;
  /** Tasks that came later and went before. */
  overtaken: number;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** A `later` task goes next when so many went before it, so that many answers never starve a prompt. */
const maxOvertakes = 32;

/**
 * Runs tasks one at a time, and those of a batch together. What has come while one ran is there; nobody waits for more company,
 * unless a batch says so.
 */
export class RunQueue {
  readonly #waiting: Waiting[] = [];
  /** How many members the last run of a batch had. */
  readonly #lastMembers = new WeakMap<object, number>();
  #running = false;
  /** When the last task came, or the last run ended, by `performance.now()`. */
  #movedAt = 0;

  /** Tasks that wait, the running ones left out. */
  get length(): number {
    return this.#waiting.length;
  }

  /** @returns what the task returns; rejects with what it throws or what `abandoned` returned */
  run<Result>(task: RunTask<Result>): Promise<Result>;
  run<Member, Result>(task: MemberTask<Member, Result>): Promise<Result>;
  run(task: Waiting['task']): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, overtaken: 0, resolve, reject });
      this.#movedAt = performance.now();
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    const [first] = this.#waiting;
    // Tasks of a batch that come in the same turn share the first run, too.
    if (first && 'batch' in first.task && first.task.batch.most > 1) await Promise.resolve();
    while (this.#waiting.length > 0) {
      if (this.#awaitsCompany()) {
        await restBriefly();
        continue;
      }
      await runTogether(this.#take().filter(isWanted));
      // Runs block the event loop: what came in meanwhile, and what answers bring at once, is to be seen first.
      await nextTurn();
      this.#movedAt = performance.now();
    }
    this.#running = false;
  }

  /** Whether the next task is of a batch that still waits for those who are to have the run with it. */
  #awaitsCompany(): boolean {
    const { task } = this.#waiting[this.#nextIndex()] as Waiting;
    if (!('batch' in task)) return false;
    const { batch, wanted = this.#lastMembers.get(batch) ?? 1 } = task;
    if (performance.now() - this.#movedAt >= (batch.waitMs ?? 0)) return false;
    const here = this.#waiting.filter(({ task: other }) => 'batch' in other && other.batch === batch);
    return here.length < Math.min(batch.most, wanted);
  }

  /** The next task, and those that run with it. */
  #take(): Waiting[] {
    const first = this.#takeAt(this.#nextIndex());
    const taken = [first];
    const { task } = first;
    if (!('batch' in task)) return taken;
    const held = new Set<object>(task.orderKey ? [task.orderKey] : []);
    const most = Math.min(task.batch.most, task.wanted ?? Infinity);
    for (let index = 0; index < this.#waiting.length && taken.length < most;) {
      const { task: other } = this.#waiting[index] as Waiting;
      const fits = 'batch' in other && other.batch === task.batch && other.priority === task.priority;
      if (fits && !(other.orderKey && held.has(other.orderKey))) taken.push(this.#takeAt(index));
      else index++;
      if (other.orderKey) held.add(other.orderKey);
    }
    this.#lastMembers.set(task.batch, taken.length);
    return taken;
  }

  #takeAt(index: number): Waiting {
    for (const passed of this.#waiting.slice(0, index)) passed.overtaken++;
    return this.#waiting.splice(index, 1)[0] as Waiting;
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

/** Refuses a task that nobody waits for any more. */
function isWanted(waiting: Waiting): boolean {
  try {
    const refusal = waiting.task.abandoned?.();
    if (!refusal) return true;
    waiting.reject(refusal);
  } catch (error) {
    waiting.reject(error);
  }
  return false;
}

/** Runs a task, or tasks of one batch. */
async function runTogether(taken: readonly Waiting[]): Promise<void> {
  const [first] = taken;
  if (!first) return;
  const { task } = first;
  try {
    if (!('batch' in task)) {
      first.resolve(await task.run());
      return;
    }
    const members = taken.map((waiting) => (waiting.task as MemberTask<unknown, unknown>).member);
    const outcomes = await task.batch.run(members);
    for (const [index, waiting] of taken.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status === 'fulfilled') waiting.resolve(outcome.value);
      else waiting.reject(outcome?.reason);
    }
  } catch (error) {
    for (const waiting of taken) waiting.reject(error);
  }
}
