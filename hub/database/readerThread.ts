/** Reads the database in a thread of its own: whatever looks through many rows holds up nothing else in the hub. */
import { Worker } from 'node:worker_threads';
import type { Client, InStatement, Value } from '@libsql/client';

/** What the thread is asked. */
export interface ReadQuestion {
  id: number;
  statement: InStatement;
}

export type ReadAnswer = { id: number; rows: Value[][] } | { id: number; problem: string };

/** A client that only reads. */
export interface ReaderThread {
  /** As far as Drizzle needs it to select. */
  client: Client;
  close(): void;
}

/**
 * The thread starts with the first question. If it ends, what it was asked fails, and the next question starts another.
 * @param url of a file that has its schema
 */
export function readerThread(url: string): ReaderThread {
  const open = new Map<number, PromiseWithResolvers<{ rows: Value[][] }>>();
  let worker: Worker | undefined;
  let asked = 0;

  const settle = (answer: ReadAnswer): void => {
    const question = open.get(answer.id);
    open.delete(answer.id);
    if (open.size === 0) worker?.unref();
    if ('rows' in answer) question?.resolve({ rows: answer.rows });
    else question?.reject(new Error(answer.problem));
  };
  const failAll = (problem: string): void => {
    for (const id of [...open.keys()]) settle({ id, problem });
  };
  const start = (): Worker => {
    const started = new Worker(new URL('./readingThread.ts', import.meta.url), { workerData: url });
    started.on('message', settle);
    started.on('error', (error: Error) => failAll(error.message));
    started.on('exit', () => {
      if (worker !== started) return;
      worker = undefined;
      failAll('the thread that reads the database ended');
    });
    return started;
  };
  const execute = (statement: InStatement): Promise<{ rows: Value[][] }> => {
    const question = Promise.withResolvers<{ rows: Value[][] }>();
    const id = asked++;
    open.set(id, question);
    worker ??= start();
    // The process does not end before the answer, and does not stay for the thread alone.
    worker.ref();
    worker.postMessage({ id, statement } satisfies ReadQuestion);
    return question.promise;
  };
  return {
    client: { execute } as unknown as Client,
    close: () => {
      const ended = worker;
      worker = undefined;
      failAll('the database is closed');
      void ended?.terminate();
    },
  };
}
