/** @returns rows as a Markdown table; numbers with up to three significant digits after 100, and what was not measured is a dash */
export function markdownTable(rows: object[]): string {
  const [first] = rows;
  if (!first) return '(nothing measured)';
  const columns = Object.keys(first);
  const cell = (value: unknown): string => {
    if (typeof value !== 'number') return String(value);
    if (!Number.isFinite(value)) return '–';
    if (Number.isInteger(value)) return String(value);
    return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
  };
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(columns.map((column) => cell((row as Record<string, unknown>)[column])))),
  ].join('\n');
}
