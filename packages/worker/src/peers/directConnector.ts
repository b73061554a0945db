/** The port that makes direct connections to peers, whatever the host's WebRTC is. */
import type { Welcome, WorkerId } from '@potluck/protocol';
import type { PeerTransport } from './peerTransport.ts';

export interface DirectConnectorInit {
  hubUrl: string;
  workerId: WorkerId;
  signalling: Welcome['signalling'];
  iceServers: Welcome['iceServers'];
  /** A peer has connected to this worker. */
  onTransport: (peer: WorkerId, transport: PeerTransport) => void;
}

export interface DirectConnector {
  /** Joins the signalling server; called at every welcome. */
  start(init: DirectConnectorInit): Promise<void>;
  /** Connects to a peer whose id is higher than this worker's. */
  connect(peer: WorkerId, signal: AbortSignal): Promise<PeerTransport>;
  close(): void;
}
