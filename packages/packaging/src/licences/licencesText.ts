/** The licences of what Potluck ships, as one text. */
import type { Licence } from './licenceOf.ts';

const line = '-'.repeat(80);

/** Packages with the same licence, word for word, share its text. */
export function licencesText(licences: readonly Licence[]): string {
  const byText = Map.groupBy(licences, ({ text }) => text);
  const parts = [...byText]
    .map(([text, all]) => ({
      titles: [...new Set(all.map(({ title, kind }) => `${title} (${kind})`))].toSorted(),
      text,
    }))
    .toSorted((one, other) => ((one.titles[0] ?? '') < (other.titles[0] ?? '') ? -1 : 1));
  const head =
    'Potluck contains or uses the software below: in the pages of the app, and in the hub. Thanks to all who made it.';
  return [head, ...parts.map(({ titles, text }) => `${line}\n${titles.join('\n')}\n\n${text}`), ''].join(
    '\n\n',
  );
}
