/** Why an answer stands still, and what it waits for. */
import type { Activity, Deployment } from '@potluck/api';
import { hubName } from '#lib/format/lostNames.ts';

/** `stop`: the hub said that it stops; `hub`: it can’t be reached; `restart`: it was started again; names: those that were lost, if they are known. */
export type PauseReason = 'stop' | 'hub' | 'restart' | { lost: string[] };

/**
 * @param activity what the hub says of the request
 * @param page `isHubLost`: it hears nothing from the hub; `isHubStopping`: the hub said that it stops, and is not back; `isReceiving`: the answer comes to this page as it is written
 * @returns undefined while the answer is written
 */
export function whyPaused(
  activity: Pick<Activity, 'paused'> | undefined,
  { isHubLost, isHubStopping, isReceiving }: Record<'isHubLost' | 'isHubStopping' | 'isReceiving', boolean>,
): PauseReason | undefined {
  if (isHubStopping && !isReceiving) return 'stop';
  if (isHubLost && !isReceiving) return 'hub';
  // The hub goes on with it as soon as it has devices.
  if (!activity) return isReceiving ? undefined : 'restart';
  if (!activity.paused) return undefined;
  const { lost } = activity.paused;
  return lost.includes(hubName) ? 'restart' : { lost };
}

/** `device`: nobody has taken the place of what was lost; `loading`: somebody does; `answer`: all are there, and it goes on. */
export type WaitsFor = 'device' | 'loading' | 'answer';

/** @param deployment of the answer’s model, where it is known */
export function waitsFor(
  deployment:
    { ready: boolean; replicas: readonly Pick<Deployment['replicas'][number], 'stages'>[] } | undefined,
): WaitsFor {
  if (deployment?.ready) return 'answer';
  const isLoading = deployment?.replicas.some(({ stages }) => stages.length > 0) ?? false;
  return isLoading ? 'loading' : 'device';
}
