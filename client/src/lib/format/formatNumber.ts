import { locale } from '#lib/language/language.ts';

/** By digits behind the point. Making one takes fifty times as long as using it, and a page of many nodes has thousands of numbers. */
const formatters: Intl.NumberFormat[] = [];
const twoDigits = new Intl.NumberFormat(locale, { minimumSignificantDigits: 2, maximumSignificantDigits: 2 });

/** A number for people, in the language of the app, with so many digits behind the point: `1,234.5` with one. */
export function formatNumber(value: number, digits = 0): string {
  const formatter = (formatters[digits] ??= new Intl.NumberFormat(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }));
  return formatter.format(value);
}

/** A number for people, in the language of the app, with two digits that count: `0.46`, `9.4`, `62`. */
export function formatTwoDigits(value: number): string {
  return twoDigits.format(value);
}
