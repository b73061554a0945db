import type { ChildProcess } from 'node:child_process';

/** True where a process does not run any more, or never began. */
export function hasEnded({
  pid,
  exitCode,
  signalCode,
}: Pick<ChildProcess, 'pid' | 'exitCode' | 'signalCode'>): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}
