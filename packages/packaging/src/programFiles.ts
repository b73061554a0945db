/** What a program consists of: its own files, and the packages that it needs. */
import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import path, { posix } from 'node:path';
import { readJson } from './projectFiles.ts';
import { packageOf, specifiersIn, withoutComments } from './specifiers.ts';

export interface ProgramFiles {
  /** From the project's root, with slashes, in order. */
  files: string[];
  /** Names of packages from the registry, in order. */
  packages: string[];
  /** By which `@potluck/...` is found: names such as `#potluck/protocol`, and files. */
  imports: Record<string, string>;
}

/** Imports, calls of `require`, and files that threads and processes run: all of them are literals. */
const relative = /['"`](\.{1,2}\/[^'"`\n]*?\.(?:ts|js))['"`]/g;

/**
 * Follows a program from its first files.
 * @param root the project's folder, as a clone or a package
 * @param entries from the root, with slashes
 * @param leaveOut beginnings of files that are not followed
 * @throws Error where a file is missing
 */
export async function programFiles(
  root: string,
  entries: readonly string[],
  { leaveOut = [] }: { leaveOut?: readonly string[] } = {},
): Promise<ProgramFiles> {
  const files = new Set<string>();
  const packages = new Set<string>();
  const imports: Record<string, string> = {};
  const own = await ownPackages(root);
  const follow = async (file: string): Promise<void> => {
    if (files.has(file) || leaveOut.some((start) => file.startsWith(start))) return;
    files.add(file);
    const source = await readFile(path.join(root, file), 'utf8');
    // Types need no package at run time.
    const code = withoutComments(file.endsWith('.ts') ? stripTypeScriptTypes(source) : source);
    for (const [, name = ''] of code.matchAll(relative)) await follow(posix.join(posix.dirname(file), name));
    for (const specifier of specifiersIn(code)) {
      if (!/^[@#]potluck\//.test(specifier)) {
        packages.add(packageOf(specifier));
        continue;
      }
      const name = `#${specifier.slice(1)}`;
      const found = own.get(name);
      if (found === undefined)
        throw new Error(`${file} imports ${specifier}, which no package of this project exports`);
      imports[name] = found;
      await follow(found);
    }
  };
  for (const entry of entries) await follow(entry);
  const byName = Object.entries(imports).sort(([one], [other]) => (one < other ? -1 : 1));
  return { files: [...files].sort(), packages: [...packages].sort(), imports: Object.fromEntries(byName) };
}

/** What is found by names such as `#potluck/protocol`: by the exports of a clone's packages, or as a package says. */
async function ownPackages(root: string): Promise<Map<string, string>> {
  const { imports } = (await readJson(path.join(root, 'package.json'))) as {
    imports?: Record<string, string>;
  };
  if (imports) return new Map(Object.entries(imports).map(([name, file]) => [name, posix.normalize(file)]));
  const own = new Map<string, string>();
  for (const folder of await readdir(path.join(root, 'packages'))) {
    const manifest = await readJson(path.join(root, 'packages', folder, 'package.json'));
    const { exports } = manifest as { exports: Record<string, string> };
    for (const [name, file] of Object.entries(exports))
      own.set(posix.join('#potluck', folder, name), posix.join('packages', folder, file));
  }
  return own;
}
