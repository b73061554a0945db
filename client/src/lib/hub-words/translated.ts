/** What the hub says in English, in the language of the app. */
import { readHubText, type HubTextValues } from '@potluck/api/hub-texts';
import { locale } from '#lib/language/language.ts';
import { hubWords } from './hubWords.ts';

/** Values that are texts of the hub themselves. */
const texts = new Set(['reason', 'sentence', 'offers', 'items', 'state', 'hint']);
/** One text may hold others, which hold others. */
const mostLevels = 4;

/**
 * @param text such as a reason, or the message of an error
 * @returns the text as it is where it is none that the app knows
 */
export function translated(text: string, levels = mostLevels): string {
  // A list first: what stands alone might take all of it for its last value.
  return listed(text, '; ', levels) ?? alone(text, levels) ?? listed(text, ', ', levels) ?? text;
}

function alone(text: string, levels: number): string | undefined {
  const known = readHubText(text);
  if (!known) return undefined;
  const values = Object.entries(known.values).map(([name, value]) => {
    const isText = texts.has(name) && levels > 0;
    return [name, isText ? translated(String(value), levels - 1) : localValue(String(value))] as const;
  });
  return hubWords[known.code](Object.fromEntries(values) as HubTextValues);
}

/** Undefined where it is no list of texts that are known. */
function listed(text: string, separator: string, levels: number): string | undefined {
  const parts = text.split(separator);
  const isList = parts.length > 1 && levels > 0 && parts.every((part) => readHubText(part) !== undefined);
  return isList ? parts.map((part) => translated(part, levels - 1)).join(separator) : undefined;
}

const decimalSign = new Intl.NumberFormat(locale).formatToParts(0.5).find(({ type }) => type === 'decimal');

/** Sizes have the decimal sign of the language; other values, such as names, stay as they are. */
function localValue(value: string): string {
  const isSizes = /^\d+(\.\d+)? [kMGT]?B( \+ \d+(\.\d+)? [kMGT]?B)*$/.test(value);
  return isSizes ? value.replaceAll('.', decimalSign?.value ?? '.') : value;
}
