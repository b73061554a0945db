/**
 * Secrets in files: other users of a machine can read the command lines of its processes. `--token T` is also
 * `--token-file PATH`, and POTLUCK_TOKEN is also POTLUCK_TOKEN_FILE, as many container images have it.
 */
import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { flag } from './flag.ts';
import { SettingsError } from './settingsError.ts';
import { whyUnreadable } from './whyUnreadable.ts';

const secretFlags = new WeakSet<Option>();

/** A flag with a secret, which may also be in a file; `parseFlags` sees to that. */
export function secretFlag(flags: string, description: string): Option {
  return asSecret(flag(flags, description));
}

/** The same flag, which holds a secret. */
export function asSecret(option: Option): Option {
  secretFlags.add(option);
  return option;
}

/** True for a flag that holds a secret. */
export function isSecretFlag(option: Option): boolean {
  return secretFlags.has(option);
}

/** Gives a command the flags that name files, one for each of its secrets. */
export function addSecretFiles(command: Command): void {
  for (const { name, option } of secretsOf(command)) {
    const inFile = new Option(`--${name}-file <path>`, `file with what --${name} takes`);
    command.addOption(option.envVar === undefined ? inFile : inFile.env(`${option.envVar}_FILE`));
  }
}

/**
 * Reads the files that were named into the flags that they stand for; a flag wins over the environment.
 * @throws SettingsError with what to write instead
 */
export function readSecretFiles(command: Command): void {
  for (const { name, option } of secretsOf(command)) {
    const plain = option.attributeName();
    const file = `${plain}File`;
    const path: unknown = command.getOptionValue(file);
    if (typeof path !== 'string') continue;
    const [ofPlain, ofFile] = [plain, file].map((one) => command.getOptionValueSource(one));
    command.setOptionValue(file, undefined);
    if (ofPlain === ofFile) {
      throw new SettingsError(`--${name} and --${name}-file are both given. Leave one of them out.`);
    }
    if (rank(ofPlain) > rank(ofFile)) continue;
    command.setOptionValueWithSource(plain, valueIn(path, name, option), ofFile);
  }
}

/** Flags win over the environment, that over a file of settings. */
function rank(source: string | undefined): number {
  return ['config', 'env', 'cli'].indexOf(source ?? '');
}

function secretsOf(command: Command): { name: string; option: Option }[] {
  return command.options.flatMap((option) =>
    secretFlags.has(option) ? [{ name: option.name(), option }] : [],
  );
}

/** Editors and `echo` end a file with a new line, which is not meant. */
function valueIn(path: string, name: string, option: Option): unknown {
  try {
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    if (text === '') throw new InvalidArgumentError('it is empty');
    return option.parseArg ? option.parseArg(text, undefined as never) : text;
  } catch (cause) {
    throw new SettingsError(`--${name}-file: ${path} can't be used: ${whyUnreadable(cause)}`, { cause });
  }
}
