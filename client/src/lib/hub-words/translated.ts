/** What the hub says in English, in the language of the app. */
import { readHubText, type HubTextCode, type HubTextValues } from '@potluck/api/hub-texts';
import { locale } from '#lib/language/language.ts';
import { comma, semicolon } from '#lib/language/marks.ts';
import { hubWords } from './hubWords.ts';

/** Values that are texts of the hub themselves. */
const texts = new Set(['reason', 'sentence', 'offers', 'items', 'state', 'hint', 'range', 'names']);
/** One text may hold others, which hold others. */
const mostLevels = 4;

/**
 * @param text such as a reason, or the message of an error
 * @returns the text as it is where it is none that the app knows
 */
export function translated(text: string, levels = mostLevels): string {
  return known(text, levels) ?? text;
}

/** Undefined where the app does not know the text. */
function known(text: string, levels: number): string | undefined {
  // A list first: what stands alone might take all of it for its last value, or what comes before for its first.
  return (
    listed(text, '; ', levels) ??
    listed(text, ', ', levels, areAlike) ??
    alone(text, levels) ??
    listed(text, ', ', levels)
  );
}

function alone(text: string, levels: number): string | undefined {
  const known = readHubText(text);
  if (!known) return undefined;
  const values = Object.entries(known.values).map(([name, value]) => {
    const isText = texts.has(name) && levels > 0;
    return [name, isText ? translated(String(value), levels - 1) : localValue(name, String(value))] as const;
  });
  return hubWords[known.code](Object.fromEntries(values) as HubTextValues);
}

/** True where all items are of one kind; the last may say how many more there are. */
function areAlike(parts: readonly string[]): boolean {
  const codes = parts.map((part) => readHubText(part)?.code);
  return codes.every((code, index) => {
    const isLast = index > 0 && index === codes.length - 1;
    return code !== undefined && (kindOf(code) === kindOf(codes[0]) || (code === 'more' && isLast));
  });
}

/** `times-as-slow` and `times-as-slow-because` stand in one list, and so do kinds of addresses. */
function kindOf(code: HubTextCode | undefined): string | undefined {
  return code?.replace(/-because$/, '').replace(/^\w+-address$/, 'address');
}

/** Undefined where it is no list of texts that are known. @param isOne says whether such parts are one */
function listed(
  text: string,
  separator: string,
  levels: number,
  isOne: (parts: readonly string[]) => boolean = () => true,
): string | undefined {
  const parts = text.split(separator);
  if (parts.length < 2 || levels === 0 || !isOne(parts)) return undefined;
  const words = parts.flatMap((part) => known(part, levels - 1) ?? []);
  return words.length === parts.length ? words.join(separator === '; ' ? semicolon : comma) : undefined;
}

/** Values that are numbers, as the hub writes them: `1,234.5`. */
const numbers = new Set([
  'milliseconds',
  'spent',
  'seconds',
  'times',
  'percent',
  'count',
  'tokens',
  'served',
  'own',
  'limit',
]);

const signs = new Intl.NumberFormat(locale).formatToParts(12_345.5);
const signOf = (kind: 'decimal' | 'group'): string | undefined =>
  signs.find(({ type }) => type === kind)?.value;
const decimalSign = signOf('decimal') ?? '.';
const groupSign = signOf('group') ?? '';

/** Sizes and other numbers have the signs of the language; other values, such as names, stay as they are. */
function localValue(name: string, value: string): string {
  const isSizes = /^\d+(\.\d+)? [kMGT]?B( \+ \d+(\.\d+)? [kMGT]?B)*$/.test(value);
  if (!isSizes && !numbers.has(name)) return value;
  return value.replaceAll(/[.,]/g, (sign) => (sign === '.' ? decimalSign : groupSign));
}
