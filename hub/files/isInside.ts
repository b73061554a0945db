import path from 'node:path';

/**
 * True for a folder itself, and for what lies below it. Both are whole paths; links are not followed.
 * @param rules of the system whose paths these are
 */
export function isInside(file: string, folder: string, rules: path.PlatformPath = path): boolean {
  const way = rules.relative(folder, file);
  return way !== '..' && !way.startsWith(`..${rules.sep}`) && !rules.isAbsolute(way);
}
