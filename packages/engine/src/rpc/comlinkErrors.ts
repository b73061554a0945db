/** Comlink drops all but name, message and stack of errors; the session errors' `code` must arrive. Imported by both sides. */
import { transferHandlers, type TransferHandler } from 'comlink';
import { errorOf, plainError, type PlainError } from './plainError.ts';

interface Thrown {
  value: unknown;
}

const original = transferHandlers.get('throw') as TransferHandler<Thrown, unknown>;

transferHandlers.set('throw', {
  canHandle: (value): value is Thrown => original.canHandle(value),
  serialize: ({ value }) => [plainError(value), []],
  deserialize: (plain) => {
    throw errorOf(plain);
  },
} satisfies TransferHandler<Thrown, PlainError>);
