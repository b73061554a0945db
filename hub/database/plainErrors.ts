/** Errors of the database in words that may be shown and logged: the libraries' own quote whole rows. */
import { DomainError } from '../errors/domainError.ts';
import { hasCode } from '../errors/hasCode.ts';
import { messageOf } from '../errors/messageOf.ts';
import { rootOf } from '../errors/rootOf.ts';
import { fullDiskError, isFullDisk } from '../files/fullDisk.ts';
import { isLeadershipLost, LeadershipLostError } from './leadership.ts';
import { isUnreachable } from './serverProblem.ts';

/** Thrown where the database can't do what it was asked for: it is damaged, or can't be written. */
export class DatabaseError extends DomainError {
  override readonly name = 'DatabaseError';
  readonly kind = 'unavailable';
  readonly code = 'database_unavailable';
}

/** Thrown where another program has locked the file for longer than a statement waits. */
export class DatabaseLockedError extends DomainError {
  override readonly name = 'DatabaseLockedError';
  readonly kind = 'unavailable';
  readonly code = 'database_locked';

  constructor(cause: unknown) {
    super(
      "Another program has locked the hub's database. Try again when that program is done; a backup copies the files " +
        'and locks nothing.',
      { cause, retryAfterSeconds: 5 },
    );
  }
}

/** Thrown where the database's server is away, or gives no answer in time. */
export class DatabaseUnreachableError extends DomainError {
  override readonly name = 'DatabaseUnreachableError';
  readonly kind = 'unavailable';
  readonly code = 'database_unreachable';

  /** @param meanwhile what goes on without the server */
  constructor(cause: unknown, meanwhile = '') {
    super(
      `The hub's database server does not answer (${plainReason(cause)}), so nothing can be kept or looked up there now. ${meanwhile}` +
        'Try again in some seconds. Whoever runs the hub looks after that server; the hub finds it again by itself.',
      { cause, retryAfterSeconds: 5 },
    );
  }
}

/** What `withPlainErrors` knows of a database. */
export interface ErrorContext {
  /** What whoever runs the hub is told to look at. */
  place: string;
  /** A sentence on what goes on without this store, for whoever asks while its server is away. */
  meanwhile?: string;
  /** Told of each outcome: whether the database could not be reached, or is another hub's. */
  noted?: (problem: DatabaseProblem | undefined) => void;
}

/** What is wrong with the database itself. */
export type DatabaseProblem = DatabaseUnreachableError | LeadershipLostError;

export const fileContext: ErrorContext = { place: 'hub.sqlite in its data directory' };

/** The same store; what its functions throw is a DomainError, such as of a full disk or a lock, or else a DatabaseError. */
export function withPlainErrors<Store extends object>(store: Store, context: ErrorContext): Store {
  const wrapped = Object.entries(store).map(
    ([name, call]: [string, (...given: unknown[]) => Promise<unknown>]) => [
      name,
      async (...given: unknown[]): Promise<unknown> => {
        try {
          const value = await call(...given);
          context.noted?.(undefined);
          return value;
        } catch (error) {
          const plain = plainError(error, context);
          context.noted?.(isProblem(plain) ? plain : undefined);
          throw plain instanceof DatabaseUnreachableError && context.meanwhile !== undefined
            ? new DatabaseUnreachableError(plain.cause, `${context.meanwhile} `)
            : plain;
        }
      },
    ],
  );
  return Object.fromEntries(wrapped) as Store;
}

function isProblem(error: Error): error is DatabaseProblem {
  return error instanceof DatabaseUnreachableError || error instanceof LeadershipLostError;
}

function plainError(error: unknown, { place }: ErrorContext): Error {
  if (error instanceof DomainError) return error;
  const cause = rootOf(error);
  if (isUnreachable(error)) return new DatabaseUnreachableError(cause);
  if (isLeadershipLost(error)) return new LeadershipLostError(cause);
  if (isFullDisk(error)) return fullDiskError(cause);
  if (isLocked(error)) return new DatabaseLockedError(cause);
  return new DatabaseError(
    `The hub's database does not work: ${plainReason(error)}. Whoever runs the hub starts it again: the hub then says ` +
      `what is wrong with ${place}, and what to do.`,
    { cause },
  );
}

function isLocked(error: unknown): boolean {
  return hasCode(error, (code) => /^SQLITE_(BUSY|LOCKED)/.test(code));
}

/** SQLite's own words, which name no values. */
export function plainReason(error: unknown): string {
  return messageOf(rootOf(error));
}
