/** @returns a table for spreadsheets (RFC 4180); a value that is null or missing is an empty cell */
export function csvOf(
  columns: readonly string[],
  rows: readonly Readonly<Record<string, string | number | null>>[],
): string {
  const cells = rows.map((row) => columns.map((name) => cell(row[name] ?? '')));
  return [columns, ...cells].map((row) => `${row.join(',')}\r\n`).join('');
}

/** A number with so many decimals at most: more is noise. What is no number stays as it is. */
export function rounded<Value>(value: Value, mostDecimals: number): Value | number {
  return typeof value === 'number' ? Number(value.toFixed(mostDecimals)) : value;
}

/** A spreadsheet runs a text that begins like a formula; after an apostrophe it is text (OWASP, CSV injection). */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const harmless = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
