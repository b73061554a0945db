/** A database in a thread of its own: a statement that looks through many rows, or waits for the disk, holds up nothing else. */
import { Worker } from 'node:worker_threads';
import type { Client, InStatement, TransactionMode, Value } from '@libsql/client';
import type { SearchStep } from './textSearch.ts';

export interface FileInit {
  /** Of the database's file. */
  url: string;
  /** How long a statement waits for another connection that has the file, in milliseconds. */
  busyTimeoutMs: number;
  /** Statements with which the connection begins. */
  begin: readonly string[];
}

export interface ServerInit {
  /** Of a libSQL server. */
  serverUrl: string;
  token?: string | undefined;
  /** Longest time from a question to its answer, in milliseconds. */
  deadlineMs: number;
  /** True where statements are done one after another, as with a file; else they may overtake each other. */
  inOrder: boolean;
}

export type ThreadInit = FileInit | ServerInit;

/** What the thread is asked. Statements with a mode are one transaction; `search` is the text that is looked for. */
export type ThreadQuestion = ThreadTask | 'close';

export type ThreadTask =
  | { id: number; statements: InStatement[]; mode?: TransactionMode }
  | { id: number; statement: InStatement; search: string };

/** Of a ResultSet, what the stores read; columns by their index. */
interface PlainResult {
  rows: Value[][];
  rowsAffected: number;
}

/** What is told of an error. */
export interface Problem {
  message: string;
  code?: string;
}

export type ThreadAnswer =
  | { id: number; results: PlainResult[] }
  | { id: number; found: SearchStep }
  | { id: number; problem: Problem };

export interface DatabaseThread {
  /** As far as Drizzle needs it to select and to write: `execute` and `batch`, and rows without names. */
  client: Client;
  /** The rows of a statement, as they are. */
  rows(statement: InStatement): Promise<Value[][]>;
  /** Which of a statement's rows hold the text. @param statement its rows are `SearchedRow`s */
  find(statement: InStatement, text: string): Promise<SearchStep>;
  /** What was not answered yet fails, and what is asked later. Resolves when the file is closed. */
  close(): Promise<void>;
}

/** What is told of a question that comes when nobody answers any more. */
export const closedMessage = 'the database is closed';

type TaskOf<Task> = Task extends unknown ? Omit<Task, 'id'> : never;
/** Does a task in its turn. */
export type Send = (task: TaskOf<ThreadTask>) => Promise<PlainResult[] | SearchStep>;

/** The thread starts with the first question. If it ends, what it was asked fails, and the next question starts another. */
export function databaseThread(init: ThreadInit): DatabaseThread {
  const open = new Map<number, PromiseWithResolvers<PlainResult[] | SearchStep>>();
  const program =
    'serverUrl' in init
      ? new URL('./serverThread.ts', import.meta.url)
      : new URL('./sqliteThread.ts', import.meta.url);
  let worker: Worker | undefined;
  let asked = 0;
  let isClosed = false;

  const settle = (answer: ThreadAnswer): void => {
    const question = open.get(answer.id);
    open.delete(answer.id);
    if (open.size === 0) worker?.unref();
    if ('results' in answer) question?.resolve(answer.results);
    else if ('found' in answer) question?.resolve(answer.found);
    else question?.reject(errorOf(answer.problem));
  };
  const failAll = (message: string): void => {
    for (const id of [...open.keys()]) settle({ id, problem: { message } });
  };
  const start = (): Worker => {
    const started = new Worker(program, { workerData: init });
    started.on('message', settle);
    started.on('error', (error: Error) => {
      if (worker === started) failAll(error.message);
    });
    started.on('exit', () => {
      if (worker !== started) return;
      worker = undefined;
      failAll('the thread of the database ended');
    });
    return started;
  };
  const send: Send = (task) => {
    if (isClosed) return Promise.reject(new Error(closedMessage));
    const question = Promise.withResolvers<PlainResult[] | SearchStep>();
    const id = asked++;
    open.set(id, question);
    worker ??= start();
    // The process does not end before the answer, and does not stay for the thread alone.
    worker.ref();
    worker.postMessage({ id, ...task } satisfies ThreadQuestion);
    return question.promise;
  };
  return {
    ...askedBy(send),
    close: async () => {
      const ended = worker;
      isClosed = true;
      worker = undefined;
      failAll(closedMessage);
      if (!ended) return;
      const exit = new Promise<void>((resolve) => ended.once('exit', () => resolve()));
      ended.ref();
      ended.postMessage('close' satisfies ThreadQuestion);
      await exit;
    },
  };
}

/** What is asked of a database, as tasks. */
export function askedBy(send: Send): Omit<DatabaseThread, 'close'> {
  const ask = (statements: InStatement[], mode?: TransactionMode): Promise<PlainResult[]> =>
    send({ statements, ...(mode === undefined ? {} : { mode }) }) as Promise<PlainResult[]>;
  return {
    client: {
      execute: async (statement: InStatement) => (await ask([statement]))[0],
      batch: (statements: InStatement[], mode: TransactionMode = 'deferred') => ask(statements, mode),
    } as unknown as Client,
    rows: async (statement) => (await ask([statement]))[0]?.rows ?? [],
    find: (statement, text) => send({ statement, search: text }) as Promise<SearchStep>,
  };
}

export function errorOf({ message, code }: Problem): Error {
  const error = new Error(message);
  return code === undefined ? error : Object.assign(error, { code });
}
