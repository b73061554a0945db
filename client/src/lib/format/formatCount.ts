import { formatNumber } from './formatNumber.ts';

/** A large number for people, as models are called by their size: `26 M`, `0.4 M`, `1.7 B`. */
export function formatCount(count: number): string {
  if (count >= 999.5e6) return `${short(count / 1e9)} B`;
  if (count >= 0.05e6) return `${short(count / 1e6)} M`;
  return formatNumber(count);
}

function short(value: number): string {
  return formatNumber(value, value < 9.95 ? 1 : 0);
}
