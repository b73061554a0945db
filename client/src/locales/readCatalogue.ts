/** The catalogue's files, for tests. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Entry {
  text: string;
  translation: string;
  /** True for a text that is one of the forms of `counted`: `# nodes`. */
  isForm: boolean;
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
  return file.split(/\n{2,}/).flatMap((block): Entry[] => {
    const texts = valuesOf(block, 'msgid(?:_plural)?');
    const translations = valuesOf(block, String.raw`msgstr(?:\[\d\])?`);
    const isForm = texts.length > 1;
    // A language may have fewer forms, such as Chinese.
    return texts
      .map((text, index) => ({ text, translation: translations[index] ?? translations.at(-1) ?? '', isForm }))
      .filter(({ text }) => text !== '');
  });
}

/** What stands in a block behind a word, over several lines. */
function valuesOf(block: string, word: string): string[] {
  return [...block.matchAll(new RegExp(String.raw`^${word} ((?:".*"\n?)+)`, 'gm'))].map(([, lines = '']) =>
    [...lines.matchAll(/"(.*)"/g)].map(([, line = '']) => JSON.parse(`"${line}"`) as string).join(''),
  );
}
