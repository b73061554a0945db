import type { SQL } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { sql } from './drizzle.ts';

/**
 * True where a column holds the text, in whatever case its letters are. SQLite's own LIKE knows the case of ASCII
 * letters only, so each letter becomes a class of a GLOB pattern, such as `[Ää]`.
 * @param column a column, or an expression that is a text
 */
export function contains(column: SQLiteColumn | SQL, text: string): SQL {
  return sql`${column} GLOB ${globOf(text)}`;
}

/** Where `text`, found the same way, begins in `content`; undefined where it is not there. */
export function placeOf(content: string, text: string): number | undefined {
  const literal = text.normalize().replaceAll(/[$()*+./?[\\\]^{|}]/g, String.raw`\$&`);
  return new RegExp(literal, 'iu').exec(content)?.index;
}

/** A pattern that matches what holds `text`. */
export function globOf(text: string): string {
  return `*${[...text.normalize()].map(classOf).join('')}*`;
}

function classOf(letter: string): string {
  const lower = letter.toLowerCase();
  const upper = letter.toUpperCase();
  // Greek writes the sigma at a word's end in its own way.
  const more = upper === 'Σ' ? ['σ', 'ς'] : [];
  // Letters that become two in another case, such as ß, are taken as they are.
  const forms = new Set([letter, lower, upper, ...more].filter((form) => [...form].length === 1));
  if (forms.size === 1 && !/[*?[\]]/.test(letter)) return letter;
  return `[${[...forms].join('')}]`;
}
