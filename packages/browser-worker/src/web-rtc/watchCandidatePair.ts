/** Which pair of candidates a connection uses, told when it changes: at first often a detour, then the shortest way. */
import type { CandidatePair } from '@potluck/protocol';
import { selectedCandidatePair } from '@potluck/worker';

/** Tells at every change until the signal is aborted. */
export function watchCandidatePair(
  rtc: RTCPeerConnection,
  tell: (pair: CandidatePair) => void,
  signal: AbortSignal,
): void {
  let watched: RTCIceTransport | undefined;
  let told: string | undefined;
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
  // A connection that is closed meanwhile has no statistics.
  const onChange = (): void => void look().catch(() => undefined);
  rtc.addEventListener('iceconnectionstatechange', onChange, { signal });
  rtc.addEventListener('connectionstatechange', onChange, { signal });
}
