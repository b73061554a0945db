/** Errors of the database in words that may be shown and logged: the libraries' own quote whole rows. */
import { DomainError } from '../errors/domainError.ts';
import { hasCode } from '../errors/hasCode.ts';
import { messageOf } from '../errors/messageOf.ts';
import { rootOf } from '../errors/rootOf.ts';
import { fullDiskError, isFullDisk } from '../files/fullDisk.ts';

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

/** The same store; what its functions throw is a DomainError, such as of a full disk or a lock, or else a DatabaseError. */
export function withPlainErrors<Store extends object>(store: Store): Store {
  const wrapped = Object.entries(store).map(
    ([name, call]: [string, (...given: unknown[]) => Promise<unknown>]) => [
      name,
      async (...given: unknown[]): Promise<unknown> => {
        try {
          return await call(...given);
        } catch (error) {
          throw plainError(error);
        }
      },
    ],
  );
  return Object.fromEntries(wrapped) as Store;
}

function plainError(error: unknown): Error {
  if (error instanceof DomainError) return error;
  const cause = rootOf(error);
  if (isFullDisk(error)) return fullDiskError(cause);
  if (isLocked(error)) return new DatabaseLockedError(cause);
  return new DatabaseError(
    `The hub's database does not work: ${plainReason(error)}. Whoever runs the hub starts it again: the hub then says ` +
      'what is wrong with hub.sqlite in its data directory, and what to do.',
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
