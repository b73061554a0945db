/** SQLite for `databaseThread.ts`: its driver holds the thread that it is called in until a statement is done. */
import { createRequire } from 'node:module';
import { workerData } from 'node:worker_threads';
import type * as sqlite3 from '@libsql/client/sqlite3';
import { answerQuestions } from './answerQuestions.ts';
import type { FileInit } from './databaseThread.ts';

// CommonJS: it is read in half of the time.
const { createClient } = createRequire(import.meta.url)('@libsql/client/sqlite3') as typeof sqlite3;

const { url, busyTimeoutMs, begin } = workerData as FileInit;
const client = createClient({ url, timeout: busyTimeoutMs });
// Before the first question is read from the port.
for (const statement of begin) await client.execute(statement);
answerQuestions(client);
