/** The life of a command that keeps things in a directory of its own. */
import { mkdirSync } from 'node:fs';
import {
  DirectoryInUseError,
  lockDirectory,
  onStop,
  whyUnwritable,
  type DirectoryLock,
} from '@potluck/machine';
import { SettingsError } from '@potluck/command-line';

/**
 * Makes and locks the directory, runs, and gives it back.
 * @param run ends when `stopping` does: at a signal (`onStop`), with its name as the reason. Asked twice, the process ends
 * at once
 * @throws SettingsError if the directory can't be made, or a living process has it
 */
export async function runInDataDirectory(
  directory: string,
  run: (stopping: AbortSignal) => Promise<void>,
): Promise<void> {
  const lock = makeAndLock(directory);
  const stopping = new AbortController();
  const endListening = onStop((signal) => {
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort(signal);
  });
  try {
    await run(stopping.signal);
  } finally {
    endListening();
    lock.release();
  }
}

function makeAndLock(directory: string): DirectoryLock {
  try {
    mkdirSync(directory, { recursive: true });
    return lockDirectory(directory);
  } catch (cause) {
    if (cause instanceof DirectoryInUseError) {
      const owner = cause.processId === undefined ? '' : ` with process id ${cause.processId}`;
      throw new SettingsError(
        `${directory} is used by another worker${owner}: stop that one, or give this one --data DIR`,
        { cause },
      );
    }
    throw new SettingsError(
      `can't use ${directory} for data: ${whyUnwritable(cause)}. Choose another directory with --data.`,
      { cause },
    );
  }
}
