/** Structured lines where a program or a file takes them; readable, coloured ones where a person looks. */
import { accessSync, closeSync, constants, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { destination, multistream, pino, type DestinationStream, type Logger } from 'pino';
import type { Option } from 'commander';
import { memory, wholeNumber } from './arguments.ts';
import { flag } from './flag.ts';
import { logFilesOf, removeOldLogs } from './oldLogs.ts';
import { SettingsError } from './settingsError.ts';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What people choose of a program's log; `logFlags` reads it. */
export interface LogSettings {
  logLevel: LogLevel;
  /** Beside standard output or error; `.1.log` and so on are put before its end. Undefined: none. */
  logFile?: string;
  /** Size at which a new file begins, in bytes. */
  logFileSize: number;
  /** How many older files are kept. */
  logFiles: number;
}

export interface LoggerInit extends LogSettings {
  /** Who speaks: lines of several programs come to one terminal. */
  name: string;
  /** Standard output, standard error, or where a test reads. */
  to: 1 | 2 | NodeJS.WritableStream;
  isTerminal: boolean;
  /** Told also what goes wrong. */
  trouble?: DestinationStream;
}

/** The flags of every program that has a log. */
export function logFlags(): Option[] {
  return [
    flag('--log-level <level>', 'how much to log').choices(logLevels).default('info'),
    flag('--log-file <path>', 'a file for the log, beside what is printed; a number goes before its ending'),
    flag('--log-file-size <size>', 'size at which the next file of the log begins')
      .argParser(memory('10MB'))
      .default(10e6, '10MB'),
    flag('--log-files <count>', 'how many older files of the log are kept')
      .argParser(wholeNumber(1, 1000))
      .default(5),
  ];
}

/** What `logFlags` read, among all that a program's flags hold. */
export function logSettingsOf({ logLevel, logFile, logFileSize, logFiles }: LogSettings): LogSettings {
  return { logLevel, logFileSize, logFiles, ...(logFile !== undefined && { logFile }) };
}

/** @throws SettingsError where the file can't be written */
export async function createLogger(init: LoggerInit): Promise<Logger> {
  const { logLevel: level, logFile, isTerminal, name, to, trouble } = init;
  const printed: DestinationStream = isTerminal
    ? await prettyStream(to)
    : typeof to === 'number'
      ? destination({ dest: to, sync: true })
      : to;
  const streams =
    logFile === undefined && !trouble
      ? printed
      : multistream([
          { stream: printed, level: 'trace' },
          ...(logFile === undefined
            ? []
            : [{ stream: await rollingFile(logFile, init), level: 'trace' as const }]),
          ...(trouble ? [{ stream: trouble, level: 'warn' as const }] : []),
        ]);
  const serializers = { error: pino.stdSerializers.err };
  return pino({ level, serializers, base: { name }, timestamp: pino.stdTimeFunctions.isoTime }, streams);
}

/** Loaded where a person looks only: most processes are started by others. */
async function prettyStream(destination: LoggerInit['to']): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    destination,
    colorize: true,
    ignore: 'pid,hostname',
    translateTime: 'HH:MM:ss',
    sync: true,
  });
}

/** What can't be written later, as on a full disk, is said once and keeps nobody from working. */
async function rollingFile(
  file: string,
  { logFileSize, logFiles }: Pick<LogSettings, 'logFileSize' | 'logFiles'>,
): Promise<DestinationStream> {
  const { dir, name, ext } = path.parse(path.resolve(file));
  const log = { directory: dir, name, extension: ext || '.log' };
  // The one that is written, and older ones.
  const kept = 1 + logFiles;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.W_OK);
    // pino-roll goes on with the last one.
    const [last = path.join(dir, `${name}.1${log.extension}`)] = logFilesOf(log);
    closeSync(openSync(last, 'a', 0o600));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SettingsError(`--log-file: ${file} can't be written: ${reason}`, { cause });
  }
  removeOldLogs(log, kept);
  // Few write one, and it takes a while to load.
  const { default: roll } = await import('pino-roll');
  const stream = await roll({
    // pino-roll puts a number before what follows the last dot, whatever its `extension` says.
    file: path.join(dir, `${name}${log.extension}`),
    size: `${Math.max(1, Math.round(logFileSize / 1024))}k`,
  });
  // Its own `limit` knows no files of former runs, and may count before the next file is there. This comes when it is.
  stream.on('ready', () => removeOldLogs(log, kept));
  let isSaid = false;
  stream.on('error', (error: Error) => {
    if (!isSaid) process.stderr.write(`potluck: the log file can't be written any more: ${error.message}\n`);
    isSaid = true;
  });
  return stream;
}
