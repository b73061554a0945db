/** Requests as a table for spreadsheets. */
import type { RequestSummary } from '@potluck/api';
import { csvOf, rounded } from './csv.ts';

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

/** @param lines of the export, each a request as JSON */
export function requestsCsv(lines: string): string {
  const rows = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RequestSummary)
    .map((request) => ({
      ...Object.fromEntries(columns.map((name) => [name, rounded(request[name], 1)])),
      createdAt: new Date(request.createdAt).toISOString(),
    }));
  return csvOf(columns, rows);
}
