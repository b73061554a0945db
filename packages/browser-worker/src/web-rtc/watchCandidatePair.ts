/** Which pair of candidates a connection uses, told when it changes: at first often a detour, then the shortest way. */
import type { CandidatePair } from '@potluck/protocol';
import { selectedCandidatePair } from '@potluck/worker';

/**
 * Chromium answers `getStats` for 50 ms with what it found before (its RTCStatsCollector), so that after a change it is
 * asked once more.
 */
const staleStatsMs = 100;

/** Tells at every change until the signal is aborted. */
export function watchCandidatePair(
  rtc: RTCPeerConnection,
  tell: (pair: CandidatePair) => void,
  signal: AbortSignal,
): void {
  let watched: RTCIceTransport | undefined;
  let told: string | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  const look = async (): Promise<void> => {
    const transport = rtc.sctp?.transport.iceTransport;
    if (transport && transport !== watched) {
      watched = transport;
      transport.addEventListener('selectedcandidatepairchange', onChange, { signal });
    }
    const pair = await selectedCandidatePair(rtc);
    const text = JSON.stringify(pair);
    if (!pair || text === told || signal.aborted) return;
    told = text;
    tell(pair);
  };
  const onChange = (): void => {
    clearTimeout(again);
    if (signal.aborted) return;
    again = setTimeout(() => void lookAgain(), staleStatsMs);
    // A connection that is closed meanwhile has no statistics.
    look().catch(() => undefined);
  };
  const lookAgain = async (): Promise<void> => {
    await look().catch(() => undefined);
    if (told === undefined && rtc.connectionState === 'connected') onChange();
  };
  rtc.addEventListener('iceconnectionstatechange', onChange, { signal });
  rtc.addEventListener('connectionstatechange', onChange, { signal });
  signal.addEventListener('abort', () => clearTimeout(again));
}
