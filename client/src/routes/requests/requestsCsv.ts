/** Requests as a table for spreadsheets. */
import type { RequestSummary } from '@potluck/api';

const columns = [
  'createdAt',
  'model',
  'status',
  'source',
  'key',
  'promptTokens',
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
    .map((request) =>
      columns.map((name) =>
        name === 'createdAt' ? new Date(request.createdAt).toISOString() : (request[name] ?? ''),
      ),
    );
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** A spreadsheet runs a text that begins like a formula; after an apostrophe it is text (OWASP, CSV injection). */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
