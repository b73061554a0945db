/** Waits as long as something goes on, however long that takes. */
import { ProgressWatch } from './progressWatch.ts';

/**
 * @param stillMs longest time without progress, in milliseconds; asked at the beginning, and when the time seems to be over
 * @param lastProgress when something last went on, by `performance.now()`; asked when the time seems to be over
 * @throws what `onStill` returns, where nothing went on for so long
 */
export async function whileProgress<T>(
  promise: Promise<T>,
  stillMs: () => number,
  lastProgress: () => number,
  onStill: () => Error,
): Promise<T> {
  const still = Promise.withResolvers<never>();
  const watch = new ProgressWatch({ stillMs, lastProgress, onStill: () => still.reject(onStill()) });
  watch.begin();
  try {
    return await Promise.race([promise, still.promise]);
  } finally {
    watch.stop();
  }
}
