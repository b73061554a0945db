/** Which pair of candidates a connection uses, told by the browser when it changes. */
import type { CandidateView, PeerView } from '../snapshot.ts';

/** @param tell called at every change, and with undefined when the signal is aborted */
export function watchPath(
  rtc: RTCPeerConnection,
  tell: (path: PeerView['path']) => void,
  signal: AbortSignal,
): void {
  let watched: RTCIceTransport | undefined;
  const look = (): void => {
    const transport = rtc.sctp?.transport.iceTransport;
    if (transport && transport !== watched) {
      watched = transport;
      transport.addEventListener('selectedcandidatepairchange', look, { signal });
    }
    void selectedPair(rtc, transport).then((path) => {
      if (path && !signal.aborted) tell(path);
    });
  };
  rtc.addEventListener('iceconnectionstatechange', look, { signal });
  rtc.addEventListener('connectionstatechange', look, { signal });
  signal.addEventListener('abort', () => tell(undefined), { once: true });
}

async function selectedPair(
  rtc: RTCPeerConnection,
  transport: RTCIceTransport | undefined,
): Promise<PeerView['path']> {
  if (rtc.connectionState !== 'connected') return undefined;
  const pair = transport?.getSelectedCandidatePair?.();
  if (pair?.local && pair.remote) return { local: view(pair.local), remote: view(pair.remote) };
  return pairFromStatistics(await rtc.getStats());
}

const view = ({ type, protocol, address }: RTCIceCandidate): CandidateView => ({
  type: type ?? 'unknown',
  protocol: protocol ?? 'udp',
  address: address ?? '',
});

/** For browsers whose transport does not tell. */
function pairFromStatistics(statistics: RTCStatsReport): PeerView['path'] {
  const entries = new Map<string, Record<string, unknown>>();
  statistics.forEach((entry: { id: string }) => entries.set(entry.id, entry));
  const pair = [...entries.values()].find(
    (entry) => entry.type === 'candidate-pair' && entry.state === 'succeeded' && entry.nominated === true,
  );
  const side = (id: unknown): CandidateView | undefined => {
    const entry = entries.get(String(id));
    if (!entry) return undefined;
    const text = (value: unknown, absent: string): string => (typeof value === 'string' ? value : absent);
    return {
      type: text(entry.candidateType, 'unknown'),
      protocol: text(entry.protocol, 'udp'),
      address: text(entry.address, ''),
    };
  };
  const local = side(pair?.localCandidateId);
  const remote = side(pair?.remoteCandidateId);
  return local && remote ? { local, remote } : undefined;
}
