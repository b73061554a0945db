/**
 * Work on a model's files that takes longer than a turn of the event loop should: in a thread. The thread stays for a
 * while, since loading what reads models takes longer than reading a small one.
 */
import { parentPort, Worker, type Transferable } from 'node:worker_threads';
import { messageOf } from '../errors/messageOf.ts';
import { ModelError } from './modelError.ts';

type Answer<T> = { value: T } | { problem: string };

/** How long a thread waits for more work, in milliseconds. */
const restMs = 10_000;
/** One thread of a module that waits for more work, by the module's address. */
const resting = new Map<string, { thread: Worker; end: NodeJS.Timeout }>();

/**
 * Runs a module that calls `answerFromThread`.
 * @param given what it works on
 * @throws ModelError with what it said where it failed
 */
export async function inThread<T>(module: URL, given: unknown): Promise<T> {
  const thread = takeResting(module) ?? new Worker(module);
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  thread.on('message', (answer: Answer<T>) => {
    if ('value' in answer) resolve(answer.value);
    else reject(new ModelError(answer.problem));
  });
  thread.on('error', (error: Error) => reject(new ModelError(error.message, { cause: error })));
  thread.on('exit', () => reject(new ModelError('The thread that read the model ended.')));
  thread.postMessage(given);
  try {
    const value = await promise;
    rest(module, thread);
    return value;
  } catch (error) {
    // What it remembers of files that were missing may be wrong later.
    void thread.terminate();
    throw error;
  }
}

function takeResting({ href }: URL): Worker | undefined {
  const found = resting.get(href);
  if (!found) return undefined;
  resting.delete(href);
  clearTimeout(found.end);
  for (const event of ['message', 'error', 'exit']) found.thread.removeAllListeners(event);
  found.thread.ref();
  return found.thread;
}

function rest({ href }: URL, thread: Worker): void {
  if (resting.has(href)) {
    void thread.terminate();
    return;
  }
  // Nobody stays for it.
  thread.unref();
  const end = setTimeout(() => {
    resting.delete(href);
    void thread.terminate();
  }, restMs).unref();
  resting.set(href, { thread, end });
  thread.once('exit', () => {
    if (resting.get(href)?.thread === thread) resting.delete(href);
    clearTimeout(end);
  });
}

/** Does the work of a module for `inThread`, as often as it is asked. */
export function answerFromThread<Given, T>(
  work: (given: Given) => Promise<{ value: T; transfer?: Transferable[] }>,
): void {
  parentPort?.on('message', (given: Given) => void answer(work(given)));
}

async function answer<T>(work: Promise<{ value: T; transfer?: Transferable[] }>): Promise<void> {
  try {
    const { value, transfer } = await work;
    parentPort?.postMessage({ value } satisfies Answer<T>, transfer);
  } catch (error) {
    parentPort?.postMessage({ problem: messageOf(error) } satisfies Answer<T>);
  }
}
