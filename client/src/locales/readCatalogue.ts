/** The catalogue's files, for tests. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Entry {
  text: string;
  translation: string;
}

const parts = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  .map(({ name }) => name);

/** The texts of the app in a language; those that the code does not have any more are left out. */
export function readCatalogue(language: string): Entry[] {
  return parts.flatMap((part) => entriesOf(part, language));
}

function entriesOf(part: string, language: string): Entry[] {
  const file = readFileSync(path.join(import.meta.dirname, part, `${language}.po`), 'utf8');
  const textOf = (lines: string): string =>
    [...lines.matchAll(/"(.*)"/g)].map(([, line = '']) => JSON.parse(`"${line}"`) as string).join('');
  return [...file.matchAll(/^msgid ((?:".*"\n)+)msgstr ((?:".*"\n?)+)/gm)]
    .map(([, text = '', translation = '']) => ({ text: textOf(text), translation: textOf(translation) }))
    .filter(({ text }) => text !== '');
}
