/** Waits as long as something goes on, however long that takes. */
import { ProgressWatch } from './progressWatch.ts';

/**
 * @param stillMs longest time without progress, in milliseconds; asked as `lastProgress` is
 * @param lastProgress when something last went on, by `performance.now()`; asked when the time seems to be over
 * @throws what `onStill` returns, where nothing went on for so long
 */
export async function whileProgress<T>(
  promise: Promise<T>,
  stillMs: () => number,
  lastProgress: () => number,
  onStill: () => Error,
): Promise<T> {
  const watch = new ProgressWatch({ stillMs, lastProgress });
  try {
    return await watch.wait(promise, onStill);
  } finally {
    watch.stop();
  }
}
