/** The thread's side of `databaseThread.ts`: answers what it is asked with a client of a database. */
import { parentPort } from 'node:worker_threads';
import type { InStatement, ResultSet, TransactionMode } from '@libsql/client';
import { messageOf } from '../errors/messageOf.ts';
import { rootOf } from '../errors/rootOf.ts';
import { systemCodeOf } from '../errors/systemCodeOf.ts';
import type { Problem, ThreadAnswer, ThreadQuestion, ThreadTask } from './databaseThread.ts';
import { matchesIn, type SearchedRow } from './textSearch.ts';

/** Of a client, what a thread needs. */
export interface AnsweringClient {
  execute(statement: InStatement): Promise<ResultSet>;
  batch(statements: InStatement[], mode: TransactionMode): Promise<ResultSet[]>;
  close(): void;
}

/** Answers until it is told to close. @param problemOf what is told of an error */
export function answerQuestions(client: AnsweringClient, problemOf = problemOfDriver): void {
  parentPort?.on('message', (question: ThreadQuestion) => {
    if (question === 'close') {
      client.close();
      parentPort?.close();
      return;
    }
    void answer(client, question)
      .catch((error: unknown) => ({ id: question.id, problem: problemOf(error) }))
      .then((message) => parentPort?.postMessage(message));
  });
}

/** @throws what the driver throws */
export async function answer(client: AnsweringClient, task: ThreadTask): Promise<ThreadAnswer> {
  const { id } = task;
  if ('search' in task) {
    const { rows } = await client.execute(task.statement);
    const searched = rows.map((row) => Array.from(row)) as unknown as SearchedRow[];
    return { id, found: matchesIn(searched, task.search) };
  }
  const { statements, mode } = task;
  const results: ResultSet[] = [];
  if (mode !== undefined) results.push(...(await client.batch(statements, mode)));
  else for (const statement of statements) results.push(await client.execute(statement));
  // As plain arrays: the driver's rows lose their indices on the way to another thread.
  const plain = results.map(({ rows, rowsAffected }) => ({
    rows: rows.map((row) => Array.from(row)),
    rowsAffected,
  }));
  return { id, results: plain };
}

/** The code is the driver's; the plainest words are those of what caused its error. */
export function problemOfDriver(error: unknown): Problem {
  const message = messageOf(rootOf(error));
  const code = systemCodeOf(error);
  return { message, ...(code === undefined ? {} : { code }) };
}
