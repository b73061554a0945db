/** Structured lines on standard output; coloured text where a person looks at them. */
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export function createLogger(level: LogLevel, isTerminal: boolean): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!isTerminal) return pino(options);
  return pino(options, pretty({ colorize: true, ignore: 'time', sync: true }));
}
