/** A hub as a running program: folder, database, port, model, local workers. */
import path from 'node:path';
import type { LastTrouble } from '@potluck/command-line';
import type { Logger } from 'pino';
import { answerStarting, answerWaitingForDatabase } from '../http/starting.ts';
import type { HubConfig } from './config.ts';
import { openDoors } from './openDoors.ts';
import { explained } from './openStores.ts';
import { lockData, prepareDirectory } from './prepareData.ts';
import { serveGrid, type GridComponents, type ServedGrid } from './serveGrid.ts';
import { startSharedHub } from './startSharedHub.ts';

export interface RunningHub extends ServedGrid {
  /** Stops local workers, tells the others, closes everything. */
  stop(): Promise<void>;
}

/**
 * Starts a hub.
 * @param trouble that the logger is told
 * @param signal ends a start that waits for the database, or for Redis
 * @throws StartError, ModelError or StorageError with one message that says what to do
 */
export async function startHub(
  config: HubConfig,
  logger: Logger,
  trouble?: LastTrouble,
  signal = new AbortController().signal,
): Promise<RunningHub> {
  const closers: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const { redisUrl } = config;
    const running =
      redisUrl === undefined
        ? await start(config, logger, closers, trouble, signal)
        : await startSharedHub({ config, redisUrl, logger, closers, trouble, signal });
    return { ...running, stop };
  } catch (error) {
    await stop();
    throw explained(config, path.resolve(config.data), error);
  }
}

async function start(
  config: HubConfig,
  logger: Logger,
  closers: (() => Promise<void> | void)[],
  trouble: LastTrouble | undefined,
  signal: AbortSignal,
): Promise<ServedGrid> {
  const data = path.resolve(config.data);
  await prepareDirectory(data, logger);
  const lock = lockData(data);
  closers.push(() => lock.release());
  // The ports first: they are the likeliest thing to go wrong, and what is in the data is not touched before.
  const doors = await openDoors({ logger, closers }, config, data);
  const answer = (fetch: typeof doors.answer): void => void (doors.answer = fetch);
  const starting: GridComponents['starting'] = (waitsFor) =>
    answer(waitsFor === 'database' ? answerWaitingForDatabase : answerStarting);
  return serveGrid({ logger, trouble, doors, answer, starting, closers, signal }, config, data);
}
