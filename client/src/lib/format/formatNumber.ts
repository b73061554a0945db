import { locale } from '#lib/language/language.ts';

/** A number for people, in the language of the app, with so many digits behind the point: `1,234.5` with one. */
export function formatNumber(value: number, digits = 0): string {
  return value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A number for people, in the language of the app, with two digits that count: `0.46`, `9.4`, `62`. */
export function formatTwoDigits(value: number): string {
  return value.toLocaleString(locale, { minimumSignificantDigits: 2, maximumSignificantDigits: 2 });
}
