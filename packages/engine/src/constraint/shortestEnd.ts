/**
 * The shortest way to the end of an answer, byte by byte: greedy where JSON's signs lead, a search within texts. Pure but
 * for the matcher, which it leaves as it was.
 */
import { outlook, type ByteMatcher, type ByteTokens, type Outlook } from './byteMatcher.ts';
import { wayOutOfText, type SearchBudget } from './textEnd.ts';

/** Longest end that is looked for, in bytes. */
const mostEndBytes = 4096;
/** Looks that the searches within texts may take together; a look takes about 50 µs. */
const mostLooks = 1500;

/** What a byte costs: what closes is cheap, what opens is dear, so that the search does not go deeper. */
const textCost = 5;
const costs = new Float64Array(256).fill(textCost);
for (const [signs, cost] of [
  ['}', 0],
  [']', 0.1],
  ['"', 1],
  [',:', 3],
  ['0123456789', 3.5],
  ['-.eE', 6],
  [' ', 4.5],
  ['\t\n\r', 7],
  ['\\', 20],
  ['[', 30],
  ['{', 40],
] as const) {
  for (const sign of signs) costs[sign.charCodeAt(0)] = cost;
}
/** `null` and `true` are shorter than `false`. */
costs['n'.charCodeAt(0)] = costs['t'.charCodeAt(0)] = 4;
costs.fill(10, 0x80);
/** Of a quote within text, which it ends. */
const quoteInText = -1;
const [letter, quote] = [0x61, 0x22];
/** JSON's own signs, where no letter may come: there, the greedy way is the right one. */
const leading = Array.from('{[}],', (sign) => sign.charCodeAt(0));
const brace = 0x7d;
/** What a byte of a text costs more each time that it was taken: so no pattern goes on for ever. */
const againCost = 0.5;
const isStructural = new Set(Array.from('{}[]",:', (sign) => sign.charCodeAt(0)));

/**
 * @returns tokens of the byte grammar that end the answer; undefined where none was found within `mostEndBytes`
 * @throws ConstraintError where the engine gives up
 */
export function shortestEnd(matcher: ByteMatcher, tokens: ByteTokens): number[] | undefined {
  const { firstByte } = tokens;
  const taken: number[] = [];
  const times = new Map<number, number>();
  const budget: SearchBudget = { looks: mostLooks };
  /** Whether a quote ends a text, or is a sign like others, by the keys of places. */
  const quotes = new Map<string, boolean>();
  const take = (token: number): void => {
    matcher.accept(token);
    taken.push(token);
    times.set(token, (times.get(token) ?? 0) + 1);
  };
  /** Whether a quote ends a text here. */
  const closes = (view: Outlook): boolean => {
    if (view.bytes[quote] !== 1) return false;
    const known = quotes.get(view.key);
    if (known !== undefined) return known;
    matcher.accept(firstByte + quote);
    const isOther = outlook(matcher, tokens).key !== view.key;
    matcher.rollback(1);
    quotes.set(view.key, isOther);
    return isOther;
  };
  const isOut = (view: Outlook): boolean =>
    view.mayEnd ||
    view.mark !== undefined ||
    closes(view) ||
    (view.bytes[letter] !== 1 && leading.some((sign) => view.bytes[sign] === 1));
  try {
    while (!matcher.mayEnd) {
      if (taken.length >= mostEndBytes) return undefined;
      const view = outlook(matcher, tokens);
      if (view.mark === undefined && view.count > 1 && budget.looks > 0 && !isOut(view)) {
        const way = wayOutOfText(matcher, tokens, isOut, budget);
        if (way && taken.length + way.length <= mostEndBytes) {
          for (const token of way) take(token);
          continue;
        }
        budget.looks = 0;
      }
      const best = view.mark ?? cheapest(view, firstByte, times, quotes.get(view.key) === false);
      if (best === undefined) return undefined;
      take(best);
    }
    return taken;
  } finally {
    matcher.rollback(taken.length);
  }
}

function cheapest(
  { bytes }: Outlook,
  firstByte: number,
  times: ReadonlyMap<number, number>,
  isPlainQuote: boolean,
): number | undefined {
  // Where a brace stands for itself, no brace closes anything.
  const isText = bytes[letter] === 1 && bytes[brace] === 1;
  let best: number | undefined;
  let least = Infinity;
  for (let byte = 0; byte < 256; byte++) {
    if (bytes[byte] !== 1) continue;
    const again = againCost * (times.get(firstByte + byte) ?? 0);
    let cost = costs[byte] ?? textCost;
    if (isText && byte === quote && !isPlainQuote) cost = quoteInText;
    else if (!isStructural.has(byte)) cost += again;
    else if (isText) cost = textCost + again;
    if (cost >= least) continue;
    least = cost;
    best = firstByte + byte;
  }
  return best;
}
