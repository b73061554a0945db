/** Reads the settings of a command: flags, then environment variables, then a file. */
import { CommanderError, InvalidArgumentError, type Command, type Option } from 'commander';
import { readConfigFile, type FileValue } from './configFile.ts';
import { flag } from './flag.ts';
import { withHelpHint } from './helpHint.ts';
import { addSecretFiles, isSecretFlag, readSecretFiles } from './secretFiles.ts';
import { SettingsError } from './settingsError.ts';

/**
 * Reads a command's settings. A flag wins over its environment variable, that over the file that `--config` names, and an
 * empty variable is none.
 * @returns undefined where only help was wanted (and written)
 * @throws SettingsError that names the setting, where it comes from, and what to write instead
 */
export function parseFlags<Options extends object>(
  command: Command,
  args: string[],
  { write, environment }: { write: (text: string) => void; environment: NodeJS.ProcessEnv },
): Options | undefined {
  completeFlags(command)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined });
  try {
    applyEnvironment(command, environment);
    command.parse(args, { from: 'user' });
    applyFile(command);
    readSecretFiles(command);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new SettingsError(withHelpHint(command.name(), error), { cause: error });
  }
  const { config: _, ...options } = command.opts<Options & { config?: string }>();
  return options as unknown as Options;
}

/** The same command with the flags that every command has. */
export function completeFlags(command: Command): Command {
  command.addOption(
    flag('--config <file>', 'a file with settings: names of flags and their values, as YAML or JSON'),
  );
  addSecretFiles(command);
  return command;
}

/** Commander reads `process.env` only, and takes any text as yes: here all of it is read. */
function applyEnvironment(command: Command, environment: NodeJS.ProcessEnv): void {
  for (const option of optionsOf(command)) {
    const variable = option.envVar;
    const value = variable === undefined ? undefined : environment[variable];
    if (variable === undefined || value === undefined || value === '') {
      if (environment !== process.env || value === '') delete option.envVar;
      continue;
    }
    setValue(command, option, value, { source: 'env', place: `from the environment (${variable})` });
    delete option.envVar;
  }
}

function applyFile(command: Command): void {
  const file: unknown = command.getOptionValue('config');
  if (typeof file !== 'string') return;
  const options = new Map(optionsOf(command).map((option) => [option.name(), option]));
  for (const [name, value] of readConfigFile(file)) {
    const option = options.get(name);
    if (!option || name === 'config') {
      const known = [...options.keys()].filter((one) => one !== 'config').join(', ');
      throw new SettingsError(`${name} in ${file} is no setting of ${command.name()}. It takes: ${known}.`);
    }
    const source = command.getOptionValueSource(option.attributeName());
    if (source !== undefined && source !== 'default') continue;
    setValue(command, option, value, { source: 'config', place: `in ${file}` });
  }
}

/** @throws SettingsError that names the setting and its place */
function setValue(
  command: Command,
  option: Option,
  value: FileValue,
  { source, place }: { source: 'env' | 'config'; place: string },
): void {
  const attribute = option.attributeName();
  const set = (parsed: unknown): void => void command.setOptionValueWithSource(attribute, parsed, source);
  if (option.isBoolean() || option.negate) {
    const isOn = yesOrNo(value);
    if (isOn === undefined)
      throw new SettingsError(`--${option.name()} ${place} takes true or false, not ${shown(value)}.`);
    set(option.negate ? !isOn : isOn);
    return;
  }
  if (option.optional && value === false) return;
  const texts = (Array.isArray(value) ? value : [value]).map(String);
  try {
    if (texts.length !== 1 && !option.variadic) throw new InvalidArgumentError('It takes one value.');
    const parsed = texts.map((text) => option.parseArg?.(text, undefined as never) ?? text);
    set(option.variadic ? parsed.flat() : parsed[0]);
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    throw new SettingsError(
      `--${option.name()} ${place}: ${shownUnlessSecret(option, value)} is no such value. ${cause.message}`,
      {
        cause,
      },
    );
  }
}

/** A secret's own text would be in a log. */
function shownUnlessSecret(option: Option, value: FileValue): string {
  return isSecretFlag(option) ? 'what is given' : shown(value);
}

function shown(value: FileValue): string {
  const text = JSON.stringify(value);
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}

function yesOrNo(value: FileValue): boolean | undefined {
  const text = String(value).toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(text)) return true;
  return ['false', '0', 'no', 'off'].includes(text) ? false : undefined;
}

function optionsOf(command: Command): (Option & { envVar?: string | undefined })[] {
  return command.options as (Option & { envVar?: string | undefined })[];
}
