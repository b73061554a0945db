/** Reads the flags of a command. */
import { CommanderError, type Command, type Option } from 'commander';
import { addSecretFiles, readSecretFiles } from './secretFiles.ts';
import { SettingsError } from './settingsError.ts';

/**
 * Reads a command's flags. A flag wins over its environment variable, and an empty variable is none.
 * @returns undefined where only help was wanted (and written)
 * @throws SettingsError with what to write instead
 */
export function parseFlags<Options extends object>(
  command: Command,
  args: string[],
  { write, environment }: { write: (text: string) => void; environment: NodeJS.ProcessEnv },
): Options | undefined {
  command
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined });
  addSecretFiles(command);
  applyEnvironment(command, environment);
  try {
    command.parse(args, { from: 'user' });
    readSecretFiles(command);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new SettingsError(error.message.replace(/^error: /, ''), { cause: error });
  }
  return command.opts<Options>();
}

/** Commander reads `process.env`; tests and other hosts bring their own. */
function applyEnvironment(command: Command, environment: NodeJS.ProcessEnv): void {
  for (const option of command.options as (Option & { envVar?: string | undefined })[]) {
    const value = option.envVar === undefined ? undefined : environment[option.envVar];
    if (environment === process.env && value !== '') continue;
    delete option.envVar;
    if (value === undefined || value === '') continue;
    const parsed: unknown = option.parseArg ? option.parseArg(value, undefined as never) : value;
    command.setOptionValueWithSource(option.attributeName(), parsed, 'env');
  }
}
