/** What a person sees first and last when a hub starts: a few lines in a frame. */

export interface StartBoxInit {
  title: string;
  /** Names and what they are: `['Open', 'http://localhost:8000']`. */
  rows: readonly (readonly [string, string])[];
  /** Characters of a line in the terminal. Default 80. */
  columns?: number | undefined;
}

/** Without its frame where that has no room, so that links stay whole. Ends with a new line. */
export function startBox({ title, rows, columns = 80 }: StartBoxInit): string {
  const widest = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(widest)}  ${value}`);
  const width = Math.max(title.length + 2, ...lines.map((line) => line.length));
  if (width + 4 > columns) return [title, ...lines, ''].join('\n');
  const top = `╭─ ${title} ${'─'.repeat(width - title.length - 1)}╮`;
  const bottom = `╰${'─'.repeat(width + 2)}╯`;
  return [top, ...lines.map((line) => `│ ${line.padEnd(width)} │`), bottom, ''].join('\n');
}
