/** The hub's database at a libSQL server. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { StartError } from '../errors/startError.ts';
import { checkSchema } from './checkSchema.ts';
import { storesIn, type Database } from './database.ts';
import { databaseThread, type DatabaseThread } from './databaseThread.ts';
import { migrate } from './migrations.ts';
import { plainReason } from './plainErrors.ts';
import { isUnreachable } from './serverProblem.ts';
import { ServerWatch } from './serverWatch.ts';

export interface DatabaseServer {
  /** That `checkServerUrl` takes. */
  url: string;
  token?: string | undefined;
}

export interface DatabaseServerInit {
  /** Longest time for which a statement is waited for, in milliseconds. Default 10,000. */
  deadlineMs?: number;
  /** Between two tries to reach a server that is away, in milliseconds. Default 2,000. */
  retryMs?: number;
  /** Ends the wait for the server. */
  signal?: AbortSignal | undefined;
}

const defaultDeadlineMs = 10_000;
const defaultRetryMs = 2000;

/**
 * Opens the database, once its server answers: until then it says so, and tries again.
 * @throws StartError if the server refuses the token, or has a database that can't be used
 * @throws the signal's reason where the wait was ended
 */
export async function openDatabaseServer(
  { server: { url, token }, logger }: { server: DatabaseServer; logger: Pick<Logger, 'info' | 'warn'> },
  { deadlineMs = defaultDeadlineMs, retryMs = defaultRetryMs, signal }: DatabaseServerInit = {},
): Promise<Database> {
  const connect = (inOrder: boolean): DatabaseThread =>
    databaseThread({ serverUrl: url, token, deadlineMs, inOrder });
  const writer = connect(true);
  try {
    await untilItAnswers(
      async () => {
        // What takes the server longer than that goes on there: the next try finds it done.
        await migrate(writer.client);
        await checkSchema(writer.client);
      },
      { url, logger, retryMs, signal },
    );
  } catch (cause) {
    await writer.close();
    signal?.throwIfAborted();
    throw unusableServer(url, cause);
  }
  const reader = connect(false);
  const searcher = connect(false);
  const watch = new ServerWatch({ ask: () => reader.rows('SELECT 1'), everyMs: retryMs });
  const context = { place: 'its database server', noted: watch.noted.bind(watch) };
  return {
    ...storesIn(writer, reader, searcher, context),
    kind: 'server',
    trouble: () => watch.trouble?.message,
    isAway: () => watch.isAway,
    close: async () => {
      watch.stop();
      void searcher.close();
      void reader.close();
      await writer.close();
    },
  };
}

/** What the person is told who starts a hub whose database's server can't be used. @param url without a secret */
export function unusableServer(url: string, cause: unknown): StartError {
  return new StartError(
    `The database at ${url} can't be used: ${plainReason(cause)}. Look after that server, or name another with --database-url.`,
    { cause },
  );
}

interface Waiting {
  url: string;
  logger: Pick<Logger, 'info' | 'warn'>;
  retryMs: number;
  signal: AbortSignal | undefined;
}

async function untilItAnswers(
  ask: () => Promise<void>,
  { url, logger, retryMs, signal }: Waiting,
): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    signal?.throwIfAborted();
    try {
      await ask();
      if (!isFirst) logger.info({ database: url }, 'the database server answers');
      return;
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      if (isFirst)
        logger.warn(
          { database: url, reason: plainReason(error) },
          'waiting for the database server: the hub serves once it answers',
        );
    }
    await pause(retryMs, undefined, signal ? { signal } : {});
  }
}
