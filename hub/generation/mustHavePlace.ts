/** Whether one more request may wait. */
import { GenerationError } from './generationError.ts';

const retryAfterSeconds = 5;

export interface WaitingRequests {
  all: number;
  /** Those of the same share. */
  own: number;
  /** What they wait for, as part of a sentence. Default: nothing is said of it. */
  what?: string;
}

/**
 * As many places as are free stay free, so that each further share finds some (Choudhury and Hahne, 1998).
 * @param limit of places
 * @throws GenerationError `rate_limit_exceeded` where this one has none
 */
export function mustHavePlace({ all, own, what }: WaitingRequests, limit: number): void {
  if (own < limit - all) return;
  const whose = own > 0 ? `, ${own} of them yours` : '';
  throw new GenerationError(
    'rate_limit_exceeded',
    `${all} requests wait already${what === undefined ? '' : ` ${what}`}${whose}: this one would be number ${all + 1}, ` +
      `and there is no place for it. Ask again in ${retryAfterSeconds} seconds.`,
    { retryAfterSeconds },
  );
}
