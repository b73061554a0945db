/** Reasons that cross a process: a stable code for programs, a message for people. */
import { z } from 'zod';

/** Thrown where a message, frame or id from outside is not what the protocol says. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Why a session ended at a stage without an answer. */
export const SessionErrorCode = z.enum([
  /** The stage has no cache for (session, epoch, position). */
  'cache-miss',
  /** The stage has no room for the session's cache. */
  'no-room',
  /** The stage is not (or no longer) there. */
  'stage-gone',
  /** ONNX Runtime failed. */
  'compute-failed',
  /** A neighbour could not be reached, directly or relayed. */
  'peer-unreachable',
  /** A neighbour sent something that is not a valid frame for this stage. */
  'bad-frame',
  /** The answer's grammar is more than the engine can do. */
  'constraint-failed',
]);
export type SessionErrorCode = z.infer<typeof SessionErrorCode>;

/** Exit code of a worker process that its hub will not have: starting it again can't help before the hub changes its mind. */
export const refusedExitCode = 3;

/** Why the hub refuses a worker or closes its socket. */
export const RefusalCode = z.enum([
  'bad-message',
  'bad-token',
  'version-mismatch',
  'worker-id-taken',
  'too-large',
  'shutting-down',
  /** The operator told the worker to go. It may come again. */
  'removed',
  /** The operator told the worker to go and to stay away. */
  'evicted',
  /** The hub takes no workers that were never here. */
  'no-new-devices',
]);
export type RefusalCode = z.infer<typeof RefusalCode>;
