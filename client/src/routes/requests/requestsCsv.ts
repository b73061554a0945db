/** Requests as a table for spreadsheets. */
import type { RequestSummary } from '@potluck/api';
import { csvOf } from './csv.ts';

const columns = [
  'createdAt',
  'model',
  'status',
  'source',
  'key',
  'promptTokens',
  'cachedTokens',
  'completionTokens',
  'queueMs',
  'firstTokenMs',
  'totalMs',
  'tokensPerSecond',
  'route',
  'errorMessage',
] as const satisfies (keyof RequestSummary)[];

/** Times in milliseconds and speeds with one decimal: more is noise. */
const shortened = <Value>(value: Value): Value | number =>
  typeof value === 'number' ? Number(value.toFixed(1)) : value;

/** @param lines of the export, each a request as JSON */
export function requestsCsv(lines: string): string {
  const rows = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RequestSummary)
    .map((request) => ({
      ...Object.fromEntries(columns.map((name) => [name, shortened(request[name])])),
      createdAt: new Date(request.createdAt).toISOString(),
    }));
  return csvOf(columns, rows);
}
