/** The port for one way to a peer: a data channel, the hub's relay, or memory. */
import type { CandidatePair } from '@potluck/protocol';

export interface PeerTransportEvents {
  /** A slice or link message from the peer, in a buffer of its own. */
  onSlice(slice: Uint8Array<ArrayBuffer>): void;
  /** The transport has ended; told once. What was sent last may not have arrived. */
  onClosed(reason: string): void;
  /** The addresses in use are known, or others than before; only from transports with `candidatePair`. */
  onPath?(): void;
}

/** Carries slices (at most `maxSliceBytes`) reliably and in order while it is open. */
export interface PeerTransport {
  readonly kind: 'direct' | 'relayed';
  /** Called once, at once, by whoever takes the transport. */
  listen(events: PeerTransportEvents): void;
  /**
   * Takes one slice. The sender awaits what it returns before the next one; nothing means go on at once, so that a
   * decode frame leaves in the same turn of the event loop.
   * @throws TransportClosedError (or rejects with it)
   */
  send(slice: Uint8Array<ArrayBuffer>): Promise<void> | undefined;
  /** The addresses in use; asked for by the link to tell the hub. Only where there are some. */
  candidatePair?(): Promise<CandidatePair | undefined>;
  close(): void;
}
