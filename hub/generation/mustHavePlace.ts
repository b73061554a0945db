/** Whether one more request may wait. */
import { hubText } from '@potluck/api/hub-texts';
import { GenerationError } from './generationError.ts';

const retryAfterSeconds = 5;

export interface WaitingRequests {
  all: number;
  /** Those of the same share. */
  own: number;
  /** True where they wait for devices in the place of lost ones. */
  forDevices?: boolean;
}

/**
 * As many places as are free stay free, so that each further share finds some (Choudhury and Hahne, 1998).
 * @param limit of places
 * @throws GenerationError `rate_limit_exceeded` where this one has none
 */
export function mustHavePlace({ all, own, forDevices = false }: WaitingRequests, limit: number): void {
  if (own < limit - all) return;
  const values = { next: all + 1, seconds: retryAfterSeconds };
  const message =
    own > 0
      ? hubText(forDevices ? 'yours-wait-for-devices' : 'yours-wait', { ...values, own })
      : hubText(forDevices ? 'many-wait-for-devices' : 'many-wait', values);
  throw new GenerationError('rate_limit_exceeded', message, { retryAfterSeconds });
}
