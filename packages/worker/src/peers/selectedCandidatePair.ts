import { CandidatePair } from '@potluck/protocol';

/** What is read of the entries of an RTCStatsReport (webrtc-stats); node-datachannel and Firefox leave some out. */
interface Stats {
  id: string;
  type: string;
  selectedCandidatePairId?: string;
  localCandidateId?: string;
  remoteCandidateId?: string;
  state?: string;
  nominated?: boolean;
  candidateType?: string;
  protocol?: string;
  address?: string;
  ip?: string;
  port?: number;
}

/**
 * The addresses between which a connection runs.
 * @returns undefined while there are none, or where they are of a kind that this does not know
 */
export async function selectedCandidatePair(
  connection: Pick<RTCPeerConnection, 'getStats'>,
): Promise<CandidatePair | undefined> {
  const report = (await connection.getStats()) as ReadonlyMap<string, Stats>;
  const all = [...report.values()];
  const selected = all.find(
    ({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId,
  );
  const pair =
    report.get(selected?.selectedCandidatePairId ?? '') ??
    all.find(({ type, nominated, state }) => type === 'candidate-pair' && nominated && state === 'succeeded');
  const result = CandidatePair.safeParse({
    local: candidateOf(report.get(pair?.localCandidateId ?? '')),
    remote: candidateOf(report.get(pair?.remoteCandidateId ?? '')),
  });
  return result.data;
}

function candidateOf(stats: Stats | undefined): object | undefined {
  if (!stats) return undefined;
  const { candidateType: type, protocol, port } = stats;
  const address = stats.address ?? stats.ip;
  return {
    type,
    ...(protocol !== undefined && { protocol }),
    ...(address &&
      port !== undefined && { address: `${address.includes(':') ? `[${address}]` : address}:${port}` }),
  };
}
