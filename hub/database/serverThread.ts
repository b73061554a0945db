/** A libSQL server for `databaseThread.ts`: long answers are read in this thread, and every question has a deadline. */
import { createRequire } from 'node:module';
import { workerData } from 'node:worker_threads';
import type { Client } from '@libsql/client';
import type * as http from '@libsql/client/http';
import type * as ws from '@libsql/client/ws';
import { answerQuestions, problemOfDriver } from './answerQuestions.ts';
import type { ServerInit } from './databaseThread.ts';
import { LateError, serverProblem } from './serverProblem.ts';

// CommonJS: it is read in half of the time.
const require = createRequire(import.meta.url);
const { serverUrl: url, token: authToken, deadlineMs, inOrder } = workerData as ServerInit;
const isSocket = /^wss?:/.test(url);
let client = connect();
/** Behind what was asked before. */
let last: Promise<unknown> = Promise.resolve();

function connect(): Client {
  const config = { url, ...(authToken === undefined ? {} : { authToken }) };
  if (isSocket) return (require('@libsql/client/ws') as typeof ws).createClient(config);
  const fetchInTime = (request: Request): Promise<Response> =>
    fetch(request, { signal: AbortSignal.timeout(deadlineMs) });
  return (require('@libsql/client/http') as typeof http).createClient({ ...config, fetch: fetchInTime });
}

function inTime<T>(work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  if (!inOrder) return untilDeadline(work, deadline);
  const turn = last.then(() => untilDeadline(work, deadline));
  last = turn.catch(() => undefined);
  return turn;
}

/** What had no turn before its deadline is never begun: whoever asked for it is told that it failed. */
async function untilDeadline<T>(work: () => Promise<T>, deadline: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const left = deadline - Date.now();
  if (left <= 0) throw new LateError(deadlineMs);
  const timer = setTimeout(() => {
    late.reject(new LateError(deadlineMs));
    if (!isSocket) return;
    // Nothing comes over this connection any more.
    client.close();
    client = connect();
  }, left);
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

answerQuestions(
  {
    execute: (statement) => inTime(() => client.execute(statement)),
    batch: (statements, mode) => inTime(() => client.batch(statements, mode)),
    close: () => client.close(),
  },
  (error) => serverProblem(error) ?? problemOfDriver(error),
);
