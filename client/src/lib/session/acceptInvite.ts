import type { AcceptedInvite } from '@potluck/api';
import { HubError } from '#lib/hub/errors.ts';
import { hubSend } from '#lib/hub/hubFetch.ts';
import { session } from './session.svelte.ts';

/**
 * Accepts an invite for this browser: it may chat from then on.
 * @param secret of the invite's link, or its code
 * @returns the join token for this device
 * @throws HubError with what is wrong
 */
export async function acceptInvite(secret: string): Promise<string> {
  const { joinToken } = await hubSend<AcceptedInvite>('POST', '/api/invites/accept', { secret });
  await session.refresh();
  return joinToken;
}

/** True where accepting failed since the hub knows no such invite: what was entered may be something else. */
export const isNoInvite = (error: unknown): boolean => error instanceof HubError && error.wantsKey;
