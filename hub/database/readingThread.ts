/** Reads for `readerThread.ts`: SQLite's driver holds the thread that it is called in until a query is done. */
import { parentPort, workerData } from 'node:worker_threads';
import { createClient, type InStatement } from '@libsql/client/sqlite3';
import type { ReadAnswer, ReadQuestion } from './readerThread.ts';

const client = createClient({ url: workerData as string });
// Before the first question is read from the port.
await client.execute('PRAGMA query_only = ON');

parentPort?.on('message', ({ id, statement }: ReadQuestion) => {
  void answer(id, statement).then((message) => parentPort?.postMessage(message));
});

async function answer(id: number, statement: InStatement): Promise<ReadAnswer> {
  try {
    const { rows } = await client.execute(statement);
    // As plain arrays: the driver's rows lose their indices on the way to another thread.
    return { id, rows: rows.map((row) => Array.from(row)) };
  } catch (error) {
    return { id, problem: error instanceof Error ? error.message : String(error) };
  }
}
