/** Comlink drops all but name, message and stack of errors; the session errors' `code` must arrive. Imported by both sides. */
import { transferHandlers, type TransferHandler } from 'comlink';

interface Thrown {
  value: unknown;
}

interface PlainError {
  name: string;
  message: string;
  code?: string;
}

const original = transferHandlers.get('throw') as TransferHandler<Thrown, unknown>;

transferHandlers.set('throw', {
  canHandle: (value): value is Thrown => original.canHandle(value),
  serialize: ({ value }) => [plainError(value), []],
  deserialize: (plain) => {
    throw Object.assign(new Error(plain.message), plain);
  },
} satisfies TransferHandler<Thrown, PlainError>);

function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, code } = error as Error & { code?: unknown };
  const because = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return { name, message: message + because, ...(typeof code === 'string' && { code }) };
}
