import { describe, expect, it } from 'vitest';
import { readCatalogue } from './readCatalogue.ts';

const english = readCatalogue('en');

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
    const wrong = readCatalogue(language).filter(
        ({ text, translation }) =>
          translation === '' || gapsOf(text).join() !== gapsOf(translation).join(),
      );
    expect(wrong).toEqual([]);
  });
});
