/** How long a session a cache has room for. */

export interface CacheRoom {
  /** Most that caches may take. */
  cacheBytes: number;
  cacheBytesPerToken: number;
  /** What a session takes whatever its length. */
  stateBytes: number;
}

/** @returns prompt and answer together, in tokens, where no other session is there; Infinity where tokens take no room */
export function sessionTokens({ cacheBytes, cacheBytesPerToken, stateBytes }: CacheRoom): number {
  if (cacheBytes < stateBytes) return 0;
  return cacheBytesPerToken === 0 ? Infinity : Math.floor((cacheBytes - stateBytes) / cacheBytesPerToken);
}
