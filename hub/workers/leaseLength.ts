/** How long workers may be silent. Pure. */

/** As many workers may be here with the shortest lease: so many signs of life cost the hub little. */
const fewWorkers = 250;
/** Proxies end connections that carry nothing for a minute; workers say something three times in the length of a lease. */
const mostTimes = 4;

/**
 * The more workers are here, the longer each may be silent, so that the signs of life of all together cost the hub about the same.
 * @param shortestMs with few workers, in milliseconds
 */
export function leaseLength(shortestMs: number, workers: number): number {
  return shortestMs * Math.min(mostTimes, Math.max(1, Math.ceil(workers / fewWorkers)));
}
