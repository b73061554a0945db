/** `potluck hub`: reads the settings, runs a hub until it is stopped. */
import { createLogger, LastTrouble, SettingsError } from '@potluck/command-line';
import { ProxySettingsError, proxySettings, onStop, useProxyForDownloads } from '@potluck/machine';
import { aborted } from './aborted.ts';
import { readConfig } from './config.ts';
import { ModelError } from '../models/modelError.ts';
import { StorageError } from '../files/storageError.ts';
import { StartError } from '../errors/startError.ts';
import { startHub } from './startHub.ts';

/** What is left open for longer after the hub stopped is not waited for. */
const exitGraceMs = 1000;

/**
 * Runs a hub until a signal ends it (`onStop`). Problems of the person's making are printed as one message and set the exit code
 * (2: wrong settings; 1: anything else); nothing is thrown for them.
 * @param argv what comes after `potluck hub`
 */
export async function runHub(argv: string[]): Promise<void> {
  // What the hub and its local workers write is for this user only.
  process.umask(0o077);
  const stopping = new AbortController();
  const endListening = onStop(() => {
    // Asked twice: at once. Local workers end when this process is gone.
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort();
  });
  try {
    const config = readConfig(argv, process.env);
    if (!config) return;
    useProxy();
    const trouble = new LastTrouble();
    const logger = await createLogger({
      ...config,
      ...{ name: 'hub', to: 2, isTerminal: process.stderr.isTTY, trouble },
    });
    const hub = await startHub(config, logger, trouble, stopping.signal);
    void hub.ready.then(() => {
      if (!stopping.signal.aborted) process.stdout.write(`ready ${hub.url}\n`);
    });
    await aborted(stopping.signal);
    logger.info('stopping');
    await hub.stop();
    logger.info('stopped');
  } catch (error) {
    // Told to stop while it waited for its database, or for Redis.
    if (stopping.signal.aborted && error === stopping.signal.reason) return;
    if (!isExplained(error)) throw error;
    process.stderr.write(`potluck hub: ${error.message}\n`);
    process.exitCode = error instanceof StartError || error instanceof SettingsError ? 2 : 1;
  } finally {
    endListening();
    setTimeout(() => process.exit(), exitGraceMs).unref();
  }
}

function isExplained(error: unknown): error is Error {
  const kinds = [StartError, SettingsError, ModelError, StorageError];
  return kinds.some((kind) => error instanceof kind);
}

/** Models come from the internet, where a company's proxy may stand in between. */
function useProxy(): void {
  try {
    useProxyForDownloads(proxySettings());
  } catch (cause) {
    if (!(cause instanceof ProxySettingsError)) throw cause;
    throw new StartError(cause.message, { cause });
  }
}
