/** Errors as they cross to another thread: session errors' `code` must arrive. */

export interface PlainError {
  name: string;
  message: string;
  code?: string;
}

export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, code } = error as Error & { code?: unknown };
  const because = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return { name, message: message + because, ...(typeof code === 'string' && { code }) };
}

export function errorOf(plain: PlainError): Error {
  return Object.assign(new Error(plain.message), plain);
}
