/** Settings in a file: the same names as the flags, as YAML or JSON. */
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as yaml from 'yaml';
import { SettingsError } from './settingsError.ts';
import { whyUnreadable } from './whyUnreadable.ts';

const require = createRequire(import.meta.url);

const mostBytes = 1e6;

/** A value of a setting, before its flag reads it. */
export type FileValue = string | number | boolean | string[];

/**
 * @param file such as `potluck.yaml`
 * @returns by names of flags, without their dashes; `log_level` is `log-level`
 * @throws SettingsError that names the file
 */
export function readConfigFile(file: string): Map<string, FileValue> {
  let content: unknown;
  // Few have such a file, and it takes a while to load what reads it.
  const { parse, YAMLParseError } = require('yaml') as typeof yaml;
  try {
    if (statSync(file).size > mostBytes) throw new Error(`it is larger than ${mostBytes} bytes`);
    content = parse(readFileSync(file, 'utf8'), { maxAliasCount: 0 });
  } catch (cause) {
    if (cause instanceof YAMLParseError)
      throw new SettingsError(`--config: ${file}, ${whyNoSettings(cause)}`, { cause });
    const why =
      cause instanceof ReferenceError ? 'it takes no *names for other values' : whyUnreadable(cause);
    throw new SettingsError(`--config: ${file} can't be read: ${why}`, { cause });
  }
  if (content === null) return new Map();
  if (typeof content !== 'object' || Array.isArray(content))
    throw new SettingsError(`--config: ${file} has no settings. It takes lines such as "port: 8000".`);
  const entries = Object.entries(content).flatMap(
    ([name, value]: [string, unknown]): [string, FileValue][] => {
      if (value === null) return [];
      if (isFileValue(value)) return [[name.replaceAll('_', '-'), value]];
      throw new SettingsError(`${name} in ${file} takes one value, or a list of texts.`);
    },
  );
  return new Map(entries);
}

const expected = 'A line takes a name, a colon, a space and a value, such as "port: 8000".';
/** What is wrong, by the codes of errors of YAML. */
const faults: Partial<Record<yaml.ErrorCode, string>> = {
  TAB_AS_INDENT: 'a tab begins it. Begin it with its name, or with spaces within a list.',
  DUPLICATE_KEY: 'it names a setting that is there already. Leave one of them out.',
  MISSING_CHAR: 'a quote or a bracket is opened and not closed.',
  BAD_INDENT: 'it is indented otherwise than the lines that it belongs to, or a bracket is not closed.',
};

/** As the rest of a sentence: which line, and what is expected there. */
function whyNoSettings({ code, linePos }: yaml.YAMLParseError): string {
  const [{ line } = { line: 1 }] = linePos ?? [];
  return `line ${line}: ${faults[code] ?? `it can't be read. ${expected}`}`;
}

function isFileValue(value: unknown): value is FileValue {
  if (Array.isArray(value)) return value.every((one) => typeof one === 'string');
  return ['string', 'number', 'boolean'].includes(typeof value);
}
