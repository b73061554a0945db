/** The data directory before a hub uses it. */
import { access, constants } from 'node:fs/promises';
import { DirectoryInUseError, lockDirectory, whyUnwritable, type DirectoryLock } from '@potluck/machine';
import type { Logger } from 'pino';
import { identityFileName } from '../accounts/secrets.ts';
import { StartError } from '../errors/startError.ts';
import { keepPrivate } from '../files/keepPrivate.ts';
import { makeDirectory } from '../files/makeDirectory.ts';

/** Keys, conversations and the weights of gated models lie there: nobody else on this machine gets in. */
export async function prepareDirectory(directory: string, logger: Logger): Promise<void> {
  try {
    await makeDirectory(directory, 0o700);
    await access(directory, constants.W_OK | constants.X_OK);
    switch (await keepPrivate(directory, identityFileName)) {
      case 'private':
        break;
      case 'corrected':
        logger.info({ directory }, "other users of this machine can't open the data directory any more");
        break;
      case 'open':
        logger.warn(
          { directory },
          'other users of this machine can open the data directory: take their rights away (chmod 700), or choose a folder of its own with --data',
        );
    }
  } catch (cause) {
    throw new StartError(
      `the data directory ${directory} can't be used: ${whyUnwritable(cause)}. Choose another with --data.`,
      { cause },
    );
  }
}

/** Two hubs on the same data would undo each other's work. */
export function lockData(directory: string): DirectoryLock {
  try {
    return lockDirectory(directory);
  } catch (cause) {
    if (cause instanceof DirectoryInUseError) {
      const owner = cause.processId === undefined ? '' : ` (process id ${cause.processId})`;
      throw new StartError(
        `another hub${owner} uses the data directory ${directory}. Stop that one, or choose another directory with --data.`,
        { cause },
      );
    }
    throw new StartError(
      `the data directory ${directory} can't be locked: ${whyUnwritable(cause)}. Choose another with --data.`,
      { cause },
    );
  }
}
