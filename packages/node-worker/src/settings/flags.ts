/** Flags that can also come from the environment, as `POTLUCK_` and the flag's name. */
import { CommanderError, InvalidArgumentError, Option, type Command } from 'commander';
import { SettingsError } from '../errors.ts';

export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.env(`POTLUCK_${option.name().replaceAll('-', '_').toUpperCase()}`);
}

/**
 * Reads a command's flags.
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
  applyEnvironment(command, environment);
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new SettingsError(error.message.replace(/^error: /, ''));
  }
  return command.opts<Options>();
}

/** Commander reads `process.env`; tests and other hosts bring their own. */
function applyEnvironment(command: Command, environment: NodeJS.ProcessEnv): void {
  if (environment === process.env) return;
  for (const option of command.options as (Option & { envVar?: string | undefined })[]) {
    const value = option.envVar === undefined ? undefined : environment[option.envVar];
    delete option.envVar;
    if (value === undefined) continue;
    const parsed: unknown = option.parseArg ? option.parseArg(value, undefined as never) : value;
    command.setOptionValueWithSource(option.attributeName(), parsed, 'env');
  }
}

/** Turns what `parse` throws into a message about the flag. */
export function argument<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('give a whole number from 1 to 9999');
  return Number(text);
}
