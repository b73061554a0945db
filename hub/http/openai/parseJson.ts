/** JSON from clients, exact also where a number does not hold it. */

/**
 * Parses JSON like `JSON.parse`, except that a whole number of the outermost object's `seed` beyond 2^53 becomes a
 * bigint instead of the nearest number. A byte order mark at the start is skipped.
 * @throws SyntaxError saying where it is wrong
 */
export function parseJson(text: string): unknown {
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
  // A function that is called for each value costs ten times as much as the rest.
  if (!/"seed"\s*:\s*-?\d{16}/.test(json)) return JSON.parse(json);
  let holder: unknown;
  let exact: bigint | undefined;
  const keepSeed = function (
    this: unknown,
    key: string,
    value: unknown,
    context: { source?: string },
  ): unknown {
    if (key === 'seed' && typeof value === 'number' && !Number.isSafeInteger(value)) {
      const { source = '' } = context;
      // The outermost object comes last.
      // eslint-disable-next-line @typescript-eslint/no-this-alias
      holder = this;
      exact = /^-?\d{1,40}$/.test(source) ? BigInt(source) : undefined;
    }
    return value;
  };
  // TypeScript's library does not know the third argument yet.
  const parsed: unknown = JSON.parse(
    json,
    keepSeed as (this: unknown, key: string, value: unknown) => unknown,
  );
  if (exact !== undefined && holder === parsed) (parsed as { seed: unknown }).seed = exact;
  return parsed;
}
