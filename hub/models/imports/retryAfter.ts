/** How long a server asks to be left alone. */

/** Milliseconds of a `Retry-After`, which is seconds or a date; undefined where there is none. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  // Short texts such as -5 read as dates of some year.
  const date = /[A-Za-z]{3}/.test(header) ? Date.parse(header) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
