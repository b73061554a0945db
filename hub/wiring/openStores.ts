/** The database that the settings name: a file in the data directory, or a server. */
import type { Logger } from 'pino';
import { damagedDatabase, openDatabase, type Database } from '../database/database.ts';
import { openDatabaseServer, unusableServer } from '../database/databaseServer.ts';
import { DatabaseError, DatabaseUnreachableError } from '../database/plainErrors.ts';
import type { HubConfig } from './config.ts';

type DatabaseConfig = Pick<HubConfig, 'databaseUrl' | 'databaseToken'>;

/**
 * Opens the database; a server that is away is waited for.
 * @param data the data directory
 * @param signal ends the wait
 * @throws StartError if it can't be used
 */
export function openStores(
  { databaseUrl: url, databaseToken: token }: DatabaseConfig,
  data: string,
  logger: Logger,
  signal?: AbortSignal,
): Promise<Database> {
  if (url === undefined) return openDatabase(data);
  return openDatabaseServer({ server: { url, token }, logger }, { signal });
}

/**
 * Makes a server's database this hub's, where no others serve the same grid: a hub that used it before writes nothing there
 * any more. A file is locked with its directory.
 */
export async function claimAlone(database: Database, { databaseUrl }: DatabaseConfig): Promise<void> {
  if (databaseUrl !== undefined) await database.lead((await database.epoch()) + 1);
}

/** What is told of an error of a start: of the database what to do about it, all others as they are. */
export function explained({ databaseUrl }: DatabaseConfig, data: string, error: unknown): unknown {
  if (!(error instanceof DatabaseError || error instanceof DatabaseUnreachableError)) return error;
  return databaseUrl === undefined ? damagedDatabase(data, error) : unusableServer(databaseUrl, error);
}
