/** SQLite for `databaseThread.ts`: its driver holds the thread that it is called in until a statement is done. */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type * as sqlite3 from '@libsql/client/sqlite3';
import type { ResultSet } from '@libsql/client';
import type { ThreadAnswer, ThreadInit, ThreadQuestion, ThreadTask } from './databaseThread.ts';
import { matchesIn, type SearchedRow } from './textSearch.ts';

// CommonJS: it is read in half of the time.
const { createClient } = createRequire(import.meta.url)('@libsql/client/sqlite3') as typeof sqlite3;

const { url, busyTimeoutMs, begin } = workerData as ThreadInit;
const client = createClient({ url, timeout: busyTimeoutMs });
// Before the first question is read from the port.
for (const statement of begin) await client.execute(statement);

parentPort?.on('message', (question: ThreadQuestion) => {
  if (question === 'close') {
    client.close();
    parentPort?.close();
    return;
  }
  void answer(question).then((message) => parentPort?.postMessage(message));
});

async function answer(task: ThreadTask): Promise<ThreadAnswer> {
  const { id } = task;
  try {
    if ('search' in task) {
      const { rows } = await client.execute(task.statement);
      return {
        id,
        found: matchesIn(rows.map((row) => Array.from(row)) as unknown as SearchedRow[], task.search),
      };
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
  } catch (error) {
    return { id, problem: problemOf(error) };
  }
}

/** The code is the driver's; the plainest words are those of what caused its error. */
function problemOf(error: unknown): { message: string; code?: string } {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  const message = root instanceof Error ? root.message : String(root);
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return { message, ...(code === undefined ? {} : { code }) };
}
