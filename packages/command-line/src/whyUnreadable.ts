/** Why a file can't be used, in words of people. */
const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'the user who runs this has no right to read it',
  EPERM: 'the user who runs this has no right to read it',
};

/** The first line of what an error says; of the system's own errors, what they mean. */
export function whyUnreadable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = 'code' in error && typeof error.code === 'string' ? reasons[error.code] : undefined;
  return known ?? error.message.split('\n')[0] ?? '';
}
