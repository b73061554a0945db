import { systemCodeOf } from './systemCodeOf.ts';

/** True where an error, or what caused it, has such a code. @param isSuch of a code such as `ENOSPC` or `SQLITE_BUSY` */
export function hasCode(error: unknown, isSuch: (code: string) => boolean): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    const code = systemCodeOf(one);
    if (code !== undefined && isSuch(code)) return true;
  }
  return false;
}
