import { formatNumber } from './formatNumber.ts';

/** Milliseconds for people: `0 ms`, `0.4 ms`, `85 ms`, `1.3 s`, `2 min 5 s`, `3 h 4 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 10) return `${formatNumber(milliseconds, 1)} ms`;
  if (milliseconds < 1000) return `${formatNumber(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${formatNumber(seconds, 1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${minutes} min ${Math.floor(seconds % 60)} s`;
}
