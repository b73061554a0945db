/** What an agent tells its host as it happens, for people to look at. */
import type { Assign, BlobRef, PeerReport, StageReport } from '@potluck/protocol';

export type AgentEvent =
  /** The hub took this worker; where it waits for approval, it gets nothing to do until the operator approves it. */
  | { type: 'joined'; waitsForApproval?: boolean }
  /** There is no connection to the hub, for this reason; it is tried again by itself. */
  | { type: 'hub-away'; reason: string }
  /** The hub wants a stage served, or one that is served moved to another place. */
  | { type: 'assigned'; message: Assign }
  /** A blob of a stage: `doneBytes` of it are here. `cached` where they were before it was asked for. */
  | { type: 'blob'; blob: BlobRef; doneBytes: number; cached: boolean }
  /** Storage is full or absent: weights are kept in memory only. */
  | { type: 'in-memory' }
  /** What the hub was told of a stage. */
  | { type: 'stage'; report: StageReport }
  /** What the hub was told of the way to a peer. */
  | { type: 'peer'; report: PeerReport };
