/** Flags that can also come from the environment, as `POTLUCK_` and the flag's name. */
import { InvalidArgumentError, Option, type Command } from 'commander';

export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.env(`POTLUCK_${option.name().replaceAll('-', '_').toUpperCase()}`);
}

/** Commander reads `process.env`; tests and other hosts bring their own. */
export function applyEnvironment(command: Command, environment: NodeJS.ProcessEnv): void {
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
