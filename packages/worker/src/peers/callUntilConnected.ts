/** Calls a peer again and again until there is a direct connection. */
import type { WorkerId } from '@potluck/protocol';
import { pause } from '../clock.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import type { DirectConnector } from './directConnector.ts';
import type { PeerTransport } from './peerTransport.ts';

/** How long one try may take. */
const callDeadlineMs = 15_000;
/** Signalling is usually there within moments of the first try. */
const soonMs = 250;
const soonTries = 8;
const laterMs = 5_000;
const longestMs = 60_000;

export interface CallUntilConnectedInit {
  peer: WorkerId;
  /** Milliseconds before the first try: 0 where nothing has failed just now. */
  delayMs: number;
  /** Asked before each try. */
  isWanted: () => boolean;
  signal: AbortSignal;
}

/**
 * How long to wait before the next try: short at first, then longer with each failure, up to a minute.
 * @param failures tries that failed in a row, at least 1
 */
export function callAgainDelayMs(failures: number): number {
  if (failures <= soonTries) return soonMs;
  return Math.min(longestMs, laterMs * 2 ** Math.min(failures - soonTries - 1, 20));
}

/**
 * @returns the open connection; undefined where none is wanted any more
 * @throws the signal's reason
 */
export async function callUntilConnected(
  { connector, log }: { connector: DirectConnector; log: Log },
  { peer, delayMs, isWanted, signal }: CallUntilConnectedInit,
): Promise<PeerTransport | undefined> {
  if (delayMs > 0) await pause(delayMs, signal);
  for (let failures = 1; isWanted(); failures++) {
    try {
      const deadline = AbortSignal.timeout(callDeadlineMs);
      return await connector.connect(peer, AbortSignal.any([signal, deadline]));
    } catch (error) {
      log.debug({ peer, reason: messageOf(error) }, 'no direct connection yet');
    }
    await pause(callAgainDelayMs(failures), signal);
  }
  return undefined;
}
