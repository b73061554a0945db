/** The system's code of a failed file or network operation, such as `ENOSPC`, or SQLite's. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
