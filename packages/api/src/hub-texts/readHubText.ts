import { hubTexts, type HubTextCode, type HubTextValues } from './hubTexts.ts';

/** A text of the hub, taken apart. */
export interface KnownText {
  code: HubTextCode;
  values: HubTextValues;
}

interface Pattern {
  code: HubTextCode;
  names: string[];
  pattern: RegExp;
}

/** Names may hold anything: a longer text is not looked at, since looking takes more than its length. */
const longestText = 1000;

let patterns: Pattern[] | undefined;

/** Texts that were looked at: pages show the same ones again and again. */
const seen = new Map<string, KnownText | undefined>();
const mostSeen = 500;

/** @returns undefined where it is none of `hubTexts` */
export function readHubText(text: string): KnownText | undefined {
  if (text.length > longestText) return undefined;
  if (!seen.has(text)) {
    if (seen.size >= mostSeen) seen.clear();
    seen.set(text, lookUp(text));
  }
  return seen.get(text);
}

function lookUp(text: string): KnownText | undefined {
  patterns ??= makePatterns();
  for (const { code, names, pattern } of patterns) {
    const found = pattern.exec(text);
    if (!found) continue;
    const values = Object.fromEntries(names.map((name, index) => [name, found[index + 1] ?? '']));
    return { code, values: values as HubTextValues };
  }
  return undefined;
}

/** Those that say most come first: `{device} has {room}` would take much of what others mean. */
function makePatterns(): Pattern[] {
  const codes = Object.keys(hubTexts) as HubTextCode[];
  const saysMost = (one: HubTextCode, other: HubTextCode): number => lettersOf(other) - lettersOf(one);
  return codes.toSorted(saysMost).map((code) => {
    const parts = hubTexts[code].split(/\{(\w+)\}/);
    const source = parts
      .map((part, index) => (index % 2 === 0 ? escaped(part) : `(${wanted(part)})`))
      .join('');
    return {
      code,
      names: parts.filter((_, index) => index % 2 === 1),
      pattern: new RegExp(`^${source}$`, 's'),
    };
  });
}

const size = String.raw`\d+(?:\.\d+)? [kMGT]?B`;
/** What stands in gaps that no other text can fill: without that, short texts would be found in sentences of any kind. */
const gaps: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['needed', 'room', 'all', 'most'].map((name) => [name, size])),
  range: String.raw`layers? \d[\d,.]*(?: to \d[\d,.]*)?`,
  quoted: "'[^']+'(?:, '[^']+')*",
  rooms: `${size}(?: \\+ ${size})*`,
  ...Object.fromEntries(
    [
      'count',
      'next',
      'layers',
      'parts',
      'first',
      'last',
      'seconds',
      'milliseconds',
      'percent',
      'tokens',
      'served',
      'own',
      'spent',
      'port',
      'times',
      'limit',
    ].map((name) => [name, String.raw`\d[\d,.]*`]),
  ),
};
const wanted = (name: string): string => gaps[name] ?? '.+?';

/** As `RegExp.escape` does, which not every browser has. */
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

const lettersOf = (code: HubTextCode): number => hubTexts[code].replaceAll(/\{\w+\}/g, '').length;
