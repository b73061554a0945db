/** Asks which of several hubs that serve one grid leads. */
import { atHub } from '@potluck/protocol';

/** A hub that passes requests on asks the one that leads, and gives that 2 s. */
const answerMs = 4000;

/** @returns a number that grows each time that another hub leads; undefined where no hub says it in time */
export async function readLeaderEpoch(hub: {
  hubUrl: string;
  fetch: typeof fetch;
}): Promise<number | undefined> {
  try {
    const response = await hub.fetch(atHub(hub.hubUrl, '/health').href, {
      cache: 'no-store',
      signal: AbortSignal.timeout(answerMs),
    });
    const { leaderEpoch } = (await response.json()) as { leaderEpoch?: unknown };
    return typeof leaderEpoch === 'number' ? leaderEpoch : undefined;
  } catch {
    return undefined;
  }
}
