/** Work on a model's files that takes longer than a turn of the event loop should: in a thread that does it once. */
import { parentPort, Worker, workerData, type Transferable } from 'node:worker_threads';
import { messageOf } from '../errors/messageOf.ts';
import { ModelError } from './modelError.ts';

type Answer<T> = { value: T } | { problem: string };

/**
 * Runs a module that calls `answerFromThread`.
 * @param given what it works on
 * @throws ModelError with what it said where it failed
 */
export async function inThread<T>(module: URL, given: unknown): Promise<T> {
  const thread = new Worker(module, { workerData: given });
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  thread.on('message', (answer: Answer<T>) => {
    if ('value' in answer) resolve(answer.value);
    else reject(new ModelError(answer.problem));
  });
  thread.on('error', (error: Error) => reject(new ModelError(error.message, { cause: error })));
  thread.on('exit', () => reject(new ModelError('The thread that read the model ended.')));
  return promise;
}

/** Does the work of a module for `inThread`, and ends its thread. */
export async function answerFromThread<Given, T>(
  work: (given: Given) => Promise<{ value: T; transfer?: Transferable[] }>,
): Promise<void> {
  try {
    const { value, transfer } = await work(workerData as Given);
    parentPort?.postMessage({ value } satisfies Answer<T>, transfer);
  } catch (error) {
    parentPort?.postMessage({ problem: messageOf(error) } satisfies Answer<T>);
  }
}
