/**
 * Work on a model's files that takes longer than a turn of the event loop should: in a thread. The thread stays for a
 * while, since loading what reads models takes longer than reading a small one.
 */
import { parentPort, Worker, type Transferable } from 'node:worker_threads';
import { messageOf } from '../errors/messageOf.ts';
import { fullDiskError, isFullDisk } from '../files/fullDisk.ts';
import { StorageError } from '../files/storageError.ts';
import { ModelError } from './modelError.ts';

type Question<Given> = { given: Given } | { abort: true };
type Answer<T, Note> = { value: T } | { problem: string; isStorage: boolean } | { note: Note };

/** What the work asks of whoever started it. */
export interface ThreadHost<Note> {
  tell: (note: Note) => void;
  /** Aborted when nobody wants the result any more. */
  signal: AbortSignal;
}

export interface ThreadWatch<Note> {
  onNote?: (note: Note) => void;
  /** Ends the work. */
  signal?: AbortSignal | undefined;
}

/** How long a thread waits for more work, in milliseconds. */
const restMs = 10_000;
/** One thread of a module that waits for more work, by the module's address. */
const resting = new Map<string, { thread: Worker; end: NodeJS.Timeout }>();

/**
 * Runs a module that calls `answerFromThread`.
 * @param given what it works on
 * @throws ModelError or StorageError with what it said where it failed; the signal's reason
 */
export async function inThread<T, Note = never>(
  module: URL,
  given: unknown,
  { onNote, signal }: ThreadWatch<Note> = {},
): Promise<T> {
  signal?.throwIfAborted();
  const thread = takeResting(module) ?? new Worker(module);
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  thread.on('message', (answer: Answer<T, Note>) => {
    if ('note' in answer) onNote?.(answer.note);
    else if ('value' in answer) resolve(answer.value);
    else reject(answer.isStorage ? new StorageError(answer.problem) : new ModelError(answer.problem));
  });
  thread.on('error', (error: Error) => reject(new ModelError(error.message, { cause: error })));
  thread.on('exit', () => reject(new ModelError('The thread that read the model ended.')));
  const abort = (): void => thread.postMessage({ abort: true } satisfies Question<unknown>);
  signal?.addEventListener('abort', abort);
  thread.postMessage({ given } satisfies Question<unknown>);
  try {
    const value = await promise;
    rest(module, thread);
    return value;
  } catch (error) {
    // What it remembers of files that were missing may be wrong later.
    void thread.terminate();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
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
export function answerFromThread<Given, T, Note = never>(
  work: (given: Given, host: ThreadHost<Note>) => Promise<{ value: T; transfer?: Transferable[] }>,
): void {
  const post = (answer: Answer<T, Note>, transfer?: Transferable[]): void =>
    parentPort?.postMessage(answer, transfer);
  let running = new AbortController();
  parentPort?.on('message', (question: Question<Given>) => {
    if ('abort' in question) {
      running.abort();
      return;
    }
    running = new AbortController();
    work(question.given, { tell: (note) => post({ note }), signal: running.signal }).then(
      ({ value, transfer }) => post({ value }, transfer),
      (error: unknown) => post(problemOf(error)),
    );
  });
}

function problemOf(error: unknown): { problem: string; isStorage: boolean } {
  if (isFullDisk(error)) return { problem: fullDiskError(error).message, isStorage: true };
  return { problem: messageOf(error), isStorage: error instanceof StorageError };
}
