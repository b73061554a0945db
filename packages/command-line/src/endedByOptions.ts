import { CommanderError } from 'commander';
import { withHelpHint } from './helpHint.ts';
import { SettingsError } from './settingsError.ts';

/**
 * Ends a command whose options were wrong, with one message and exit code 2, or which was only asked for help.
 * @param name of the command, such as `potluck doctor`
 * @returns false where something else went wrong; nothing is printed then
 */
export function endedByOptions(name: string, error: unknown): boolean {
  if (error instanceof CommanderError && error.exitCode === 0) return true;
  if (!(error instanceof CommanderError) && !(error instanceof SettingsError)) return false;
  const problem = error instanceof CommanderError ? withHelpHint(name, error) : error.message;
  process.stderr.write(`${name}: ${problem}\n`);
  process.exitCode = 2;
  return true;
}
