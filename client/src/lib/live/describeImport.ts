import type { Import } from '@potluck/api';
import { formatBytes } from '#lib/format/formatBytes.ts';
import { formatDuration } from '#lib/format/formatDuration.ts';

/** How far a model has come: bytes, speed, and the time that is left. */
export function describeImport({
  doneBytes,
  totalBytes,
  bytesPerSecond,
}: Pick<Import, 'doneBytes' | 'totalBytes' | 'bytesPerSecond'>): string {
  const size =
    totalBytes === null ? formatBytes(doneBytes) : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
  if (bytesPerSecond === null || bytesPerSecond === 0) return size;
  const left =
    totalBytes === null ? '' : `, ${formatDuration(((totalBytes - doneBytes) / bytesPerSecond) * 1000)} left`;
  return `${size}, ${formatBytes(bytesPerSecond)}/s${left}`;
}
