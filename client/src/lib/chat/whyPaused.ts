/** Why an answer stands still. */
import type { Activity } from '@potluck/api';
import { hubName } from '#lib/format/lostNames.ts';

/** `hub`: the hub can’t be reached; `restart`: it was started again; names: those that were lost, if they are known. */
export type PauseReason = 'hub' | 'restart' | { lost: string[] };

/**
 * @param activity what the hub says of the request
 * @param page `isHubLost`: it hears nothing from the hub; `isReceiving`: the answer comes to this page as it is written
 * @returns undefined while the answer is written
 */
export function whyPaused(
  activity: Pick<Activity, 'paused'> | undefined,
  { isHubLost, isReceiving }: { isHubLost: boolean; isReceiving: boolean },
): PauseReason | undefined {
  if (isHubLost && !isReceiving) return 'hub';
  // The hub goes on with it as soon as it has devices.
  if (!activity) return isReceiving ? undefined : 'restart';
  if (!activity.paused) return undefined;
  const { lost } = activity.paused;
  return lost.includes(hubName) ? 'restart' : { lost };
}
