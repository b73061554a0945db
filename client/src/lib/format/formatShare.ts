import { locale } from '#lib/language/language.ts';

/** By the most digits behind the point: making one takes far longer than using it. */
const formatters: Intl.NumberFormat[] = [];

/** A share from 0 to 1 for people, in the language of the app, with at most so many digits behind the point: `62.5%`. */
export function formatShare(share: number, mostDigits = 0): string {
  const formatter = (formatters[mostDigits] ??= new Intl.NumberFormat(locale, {
    style: 'percent',
    maximumFractionDigits: mostDigits,
  }));
  return formatter.format(share);
}
