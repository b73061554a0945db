/** Errors of the database in words that may be shown and logged: the libraries' own quote whole rows. */
import { fullDiskError, isFullDisk } from '../files/fullDisk.ts';

/** Thrown where the database can't do what it was asked for. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
}

/** The same store; what its functions throw is a StorageError where the disk is full, else a DatabaseError. */
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
  let root = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  if (isFullDisk(error)) return fullDiskError(root);
  return new DatabaseError(root instanceof Error ? root.message : String(root), { cause: root });
}
