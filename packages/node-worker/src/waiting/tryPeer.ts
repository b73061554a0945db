/** A connection to a worker of the grid, made as for serving and closed at once. */
import type { CandidatePair, IceServers, TestCall } from '@potluck/protocol';
import { peerJsConnector, type Log } from '@potluck/worker';
import { loadPeer } from '../web-rtc/loadPeer.ts';

const deadlineMs = 12_000;

export interface TryPeerInit {
  hubUrl: string;
  iceServers: IceServers;
  trial: NonNullable<TestCall['trial']>;
}

/**
 * @returns the addresses in use, where WebRTC tells
 * @throws what kept it from connecting
 */
export async function tryPeer(
  { log }: { log: Log },
  { hubUrl, iceServers, trial: { workerId, signalling, peer } }: TryPeerInit,
): Promise<CandidatePair | undefined> {
  const connector = peerJsConnector({ loadPeer, log });
  try {
    await connector.start({
      hubUrl,
      workerId,
      signalling,
      iceServers,
      onTransport: (_peer, transport) => transport.close(),
    });
    const transport = await connector.connect(peer.workerId, AbortSignal.timeout(deadlineMs));
    const pair = await transport.candidatePair?.();
    transport.close();
    return pair;
  } finally {
    connector.close();
  }
}
