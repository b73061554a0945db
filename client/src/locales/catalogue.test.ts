import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

interface Entry {
  text: string;
  translation: string;
}

/** The entries of a PO file; those that the code does not have any more are left out. */
function entriesOf(part: string, language: string): Entry[] {
  const file = readFileSync(path.join(import.meta.dirname, part, `${language}.po`), 'utf8');
  const textOf = (lines: string): string =>
    [...lines.matchAll(/"(.*)"/g)].map(([, line = '']) => JSON.parse(`"${line}"`) as string).join('');
  return [...file.matchAll(/^msgid ((?:".*"\n)+)msgstr ((?:".*"\n?)+)/gm)]
    .map(([, text = '', translation = '']) => ({ text: textOf(text), translation: textOf(translation) }))
    .filter(({ text }) => text !== '');
}

const parts = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  .map(({ name }) => name);
const english = parts.flatMap((part) => entriesOf(part, 'en'));

/** What nobody should have to read. */
const bad: [string, RegExp][] = [
  ['an id', /[0-9a-f]{8}-[0-9a-f]{4}|\b[0-9a-f]{10,}\b/],
  ['an error code', /\bcode \d{3,}|\bE[A-Z]{4,}\b/],
  ['a value that is none', /\bundefined\b|\bNaN\b|\[object /],
  ['a doubled name', /(\S+): \1\b|\{(\d)\}: \{\2\}/],
  ['a doubled word', /\b(\p{L}{2,}) \1\b/u],
];

describe('the texts of the app', () => {
  it('are all there', () => {
    expect(english.length).toBeGreaterThan(500);
    expect(english.map(({ text }) => text)).toContain('What shall we cook up?');
  });

  it.each(bad)('have no %s', (_name, pattern) => {
    expect(english.map(({ text }) => text).filter((text) => pattern.test(text))).toEqual([]);
  });

  it.each(['de', 'zh'])('have a translation into %s each, with the same gaps', (language) => {
    const gapsOf = (text: string): string[] => (text.match(/\{\d+\}|<\/?\d+\/?>/g) ?? []).toSorted();
    const wrong = parts
      .flatMap((part) => entriesOf(part, language))
      .filter(
        ({ text, translation }) =>
          translation === '' || gapsOf(text).join() !== gapsOf(translation).join(),
      );
    expect(wrong).toEqual([]);
  });
});
