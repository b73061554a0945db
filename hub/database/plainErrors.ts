/** Errors of the database in words that may be shown and logged: the libraries' own quote whole rows. */
import { DomainError } from '../errors/domainError.ts';
import { fullDiskError, isFullDisk } from '../files/fullDisk.ts';

/** Thrown where the database can't do what it was asked for. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
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
  let root = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  if (isFullDisk(error)) return fullDiskError(root);
  return new DatabaseError(root instanceof Error ? root.message : String(root), { cause: root });
}
