/** A database's statements in this thread, where `databaseThread` starts one: hubs of tests start in a third of the time. */
import { createRequire } from 'node:module';
import type * as sqlite3 from '@libsql/client/sqlite3';
import { answer, problemOfDriver, type AnsweringClient } from '../database/answerQuestions.ts';
import {
  askedBy,
  closedMessage,
  errorOf,
  type DatabaseThread,
  type FileInit,
  type Send,
} from '../database/databaseThread.ts';

const { createClient } = createRequire(import.meta.url)('@libsql/client/sqlite3') as typeof sqlite3;
/** The real one, whatever a test makes of the clock later. */
const { setImmediate } = globalThis;

/** What a statement waits for, such as the disk, holds up everything else: whoever looks for that takes `databaseThread`. */
export function databaseHere({ url, busyTimeoutMs, begin }: FileInit): DatabaseThread {
  const closing = Promise.withResolvers<never>();
  closing.promise.catch(() => undefined);
  let opened: Promise<AnsweringClient> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  const open = async (): Promise<AnsweringClient> => {
    const client = createClient({ url, timeout: busyTimeoutMs });
    for (const statement of begin) await client.execute(statement);
    return client;
  };
  const send: Send = async (task) => {
    if (isClosed) throw new Error(closedMessage);
    const done = last.then(async () => {
      // As from another thread: never in the turn that asks.
      await new Promise((resolve) => setImmediate(resolve));
      const told = await answer(await (opened ??= open()), { id: 0, ...task });
      if ('problem' in told) throw errorOf(told.problem);
      return 'found' in told ? told.found : told.results;
    });
    last = done.catch(() => undefined);
    const answered = done.catch((error: unknown) => {
      throw errorOf(problemOfDriver(error));
    });
    return Promise.race([answered, closing.promise]);
  };
  return {
    ...askedBy(send),
    close: async () => {
      isClosed = true;
      closing.reject(new Error(closedMessage));
      await last;
      (await opened)?.close();
    },
  };
}
