/** The hub's log: lines of JSON on standard error, readable ones where a person looks. */
import type { LogLevel } from '@potluck/command-line';
import { destination, pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

/** @param isTerminal true where standard error is a terminal */
export function createLogger(level: LogLevel, isTerminal: boolean): Logger {
  const stream = isTerminal
    ? pretty({ destination: 2, ignore: 'pid,hostname', sync: true })
    : destination({ dest: 2, sync: true });
  const serializers = { error: pino.stdSerializers.err };
  return pino({ level, serializers, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}
