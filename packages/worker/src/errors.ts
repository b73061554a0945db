/** What can go wrong in a worker. Messages say what was expected, what came, and what to do about it. */
import { SessionErrorCode, type RefusalCode, type WorkerId } from '@potluck/protocol';

/** A blob could not be had from the hub. */
export class BlobUnavailableError extends Error {
  override readonly name = 'BlobUnavailableError';
}

/** A blob's bytes are not what its name says, even after fetching it again. */
export class BlobCorruptError extends Error {
  override readonly name = 'BlobCorruptError';
}

/** The place where blobs are kept is full. */
export class StorageFullError extends Error {
  override readonly name = 'StorageFullError';
}

/** An assignment can't be served; the message is reported to the hub. */
export class AssignmentError extends Error {
  override readonly name = 'AssignmentError';
}

/** A device computes something else than it should. */
export class WrongAnswerError extends Error {
  override readonly name = 'WrongAnswerError';
}

/** A session can't go on at this stage; the code and message are reported to the hub. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
  readonly code: SessionErrorCode;
  /** The neighbour that does not answer, or that sent what was refused. */
  readonly peer: WorkerId | undefined;

  constructor(code: SessionErrorCode, message: string, options: ErrorOptions & { peer?: WorkerId } = {}) {
    super(message, options);
    this.code = code;
    this.peer = options.peer;
  }
}

/** What the hub is told of an error: its code, or that computing failed where it has none. */
export function sessionErrorCodeOf(error: unknown): SessionErrorCode {
  const code = SessionErrorCode.safeParse((error as { code?: unknown } | undefined)?.code);
  return code.success ? code.data : 'compute-failed';
}

/** A transport to a peer is closed; what was handed to it may not have arrived. */
export class TransportClosedError extends Error {
  override readonly name = 'TransportClosedError';
}

/** The hub does not want this worker, and trying again can't help. */
export class RefusedByHubError extends Error {
  override readonly name = 'RefusedByHubError';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}
