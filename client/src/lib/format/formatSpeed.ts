import { formatNumber, formatTwoDigits } from './formatNumber.ts';

/** Tokens a second for people, without their unit: `0.46`, `9.4`, `13.8`, `240`. */
export function formatSpeed(tokensPerSecond: number): string {
  if (tokensPerSecond < 10) return formatTwoDigits(tokensPerSecond);
  return formatNumber(tokensPerSecond, tokensPerSecond < 100 ? 1 : 0);
}
