import type { Context } from 'hono';
import type { Attempts } from '../../accounts/attempts.ts';
import { ApiError } from '../apiError.ts';

/**
 * Counts a try at a secret before it is known to be wrong.
 * @returns where it comes from
 * @throws ApiError after too many
 */
export function beginTry(c: Context, attempts: Attempts): string {
  const address = c.var.source.address ?? 'unknown';
  const wait = attempts.begin(address);
  if (wait === 0) return address;
  throw new ApiError(429, `Too many wrong tries. Wait ${wait} s.`, {
    code: 'rate_limit_exceeded',
    retryAfterSeconds: wait,
  });
}
