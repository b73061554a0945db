/** Files of a log that rolls from one to the next: `hub.1.log`, `hub.2.log` and so on. */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

export interface RollingLog {
  directory: string;
  /** What comes before the number, without its dot, and what comes after it. */
  name: string;
  extension: string;
}

/** @returns names of the files that are there, newest first, whichever run wrote them */
export function logFilesOf({ directory, name, extension }: RollingLog): string[] {
  const numbers = readdirSync(directory).flatMap((file) => {
    if (!file.startsWith(`${name}.`) || !file.endsWith(extension)) return [];
    const number = file.slice(name.length + 1, file.length - extension.length);
    return /^[1-9]\d{0,8}$/.test(number) ? [Number(number)] : [];
  });
  return numbers
    .toSorted((one, other) => other - one)
    .map((number) => path.join(directory, `${name}.${number}${extension}`));
}

/** Removes all but the newest files. What can't be removed stays until the next time. */
export function removeOldLogs(log: RollingLog, kept: number): void {
  try {
    for (const file of logFilesOf(log).slice(kept)) rmSync(file, { force: true });
  } catch {
    // Nobody is kept from working by it.
  }
}
