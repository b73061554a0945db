/**
 * Text as one word of a command that people paste into a shell (POSIX, and PowerShell but for `'` itself): whatever it
 * holds, nothing of it is run.
 */
export function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
