/** JSON from clients, exact also where a number does not hold it. */

/**
 * Parses JSON like `JSON.parse`, except that a whole number of the outermost object's `seed` beyond 2^53 becomes a
 * bigint instead of the nearest number. A byte order mark at the start is skipped.
 * @throws SyntaxError saying where it is wrong
 */
export function parseJson(text: string): unknown {
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const parsed: unknown = JSON.parse(json);
  if (typeof parsed !== 'object' || parsed === null || !('seed' in parsed)) return parsed;
  const { seed } = parsed;
  if (typeof seed !== 'number' || Number.isSafeInteger(seed)) return parsed;
  const source = outermostSeed(json);
  if (source !== undefined) parsed.seed = BigInt(source);
  return parsed;
}

/** Strings, brackets, and a `seed` with its whole number. A reviver with sources takes some microseconds for each value. */
const piece = /"seed"\s*:\s*(?<seed>-?\d{1,40})\s*(?=[,}])|"[^"\\]*(?:\\.[^"\\]*)*"|[[{]|[\]}]/gs;

/** Digits of the last `seed` at depth one, as JSON.parse takes the last. @param json is valid */
function outermostSeed(json: string): string | undefined {
  let depth = 0;
  let found: string | undefined;
  for (const { 0: text, groups } of json.matchAll(piece)) {
    if (text === '{' || text === '[') depth++;
    else if (text === '}' || text === ']') depth--;
    else if (depth === 1 && groups?.seed !== undefined) found = groups.seed;
  }
  return found;
}
