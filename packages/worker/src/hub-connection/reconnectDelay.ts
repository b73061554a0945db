const firstMs = 250;
const longestMs = 15_000;

/**
 * How long to wait before connecting again: doubles with every failure up to 15 s; half of it is random, so that the
 * workers of a hub that restarts don't come back at the same moment.
 * @param failures tries that failed in a row, at least 1
 * @param random from [0, 1)
 */
export function reconnectDelayMs(failures: number, random: number): number {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return whole / 2 + (whole / 2) * random;
}
