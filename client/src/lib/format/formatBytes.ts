import { formatNumber, formatTwoDigits } from './formatNumber.ts';

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes for people, in powers of 1000: `1.5 GB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? formatNumber(value) : formatTwoDigits(value)} ${units[unit]}`;
}
