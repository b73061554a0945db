import type { Context } from 'hono';
import { isFromOwnPage } from '../access.ts';
import { ApiError } from '../apiError.ts';

/** A page of another origin must not log its visitor in or out. @throws ApiError */
export function refuseOtherPages(c: Context): void {
  if (isFromOwnPage(c)) return;
  throw new ApiError(
    403,
    'Only the hub’s own pages may do this. If a proxy serves them, start the hub with --behind-proxy, or let the proxy ' +
      'pass the Host header on.',
    { code: 'not_allowed' },
  );
}
