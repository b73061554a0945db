/** Why a directory can't be made or used, in words of people, by the system's codes. */
const reasons: Record<string, string> = {
  EACCES: 'the user who runs this has no right to write there',
  EPERM: 'the user who runs this has no right to write there',
  EROFS: 'its disk can only be read',
  ENOSPC: 'its disk is full',
  EDQUOT: 'its user may keep no more there',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'there is a file of that name',
  ENOENT: 'it can not be made there',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links lead to themselves',
  EIO: 'its disk fails',
};

/** The system's own words where no other ones are known. */
export function whyUnwritable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = 'code' in error && typeof error.code === 'string' ? reasons[error.code] : undefined;
  return known ?? error.message;
}
