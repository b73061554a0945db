/** Errors of the database in words that may be shown and logged: the libraries' own quote whole rows. */
import { DomainError } from '../errors/domainError.ts';
import { messageOf } from '../errors/messageOf.ts';
import { rootOf } from '../errors/rootOf.ts';
import { fullDiskError, isFullDisk } from '../files/fullDisk.ts';

/** Thrown where the database can't do what it was asked for: it is damaged, locked by another program, or can't be written. */
export class DatabaseError extends DomainError {
  override readonly name = 'DatabaseError';
  readonly kind = 'unavailable';
  readonly code = 'database_unavailable';
}

/** The same store; what its functions throw is a DomainError, such as of a full disk, or else a DatabaseError. */
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
  return new DatabaseError(
    `The hub's database does not work: ${plainReason(error)}. Whoever runs the hub starts it again: the hub then says ` +
      'what is wrong with hub.sqlite in its data directory, and what to do.',
    { cause },
  );
}

/** SQLite's own words, which name no values. */
export function plainReason(error: unknown): string {
  return messageOf(rootOf(error));
}
