import { homedir } from 'node:os';
import path from 'node:path';

/**
 * Where a program keeps what belongs to its user: below XDG_DATA_HOME where that is set, else in `~/.potluck`.
 * @param name of the program, such as `worker`
 * @param rules of the system whose paths these are
 */
export function ownDirectory(
  name: string,
  environment: NodeJS.ProcessEnv,
  { home = homedir(), rules = path }: { home?: string; rules?: path.PlatformPath } = {},
): string {
  const base = environment['XDG_DATA_HOME'];
  return base ? rules.join(base, 'potluck', name) : rules.join(home, '.potluck', name);
}
