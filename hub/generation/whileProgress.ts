/** Waits as long as something goes on, however long that takes. */

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
  const still = Promise.withResolvers<never>();
  const begun = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const leftMs = Math.max(begun, lastProgress()) + stillMs() - performance.now();
    if (leftMs > 0) timer = setTimeout(look, leftMs);
    else still.reject(onStill());
  };
  look();
  try {
    return await Promise.race([promise, still.promise]);
  } finally {
    clearTimeout(timer);
  }
}
