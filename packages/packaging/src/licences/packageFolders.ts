/** Which packages of the registry something is made of. */
import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';

interface Dependent {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/**
 * The folders of a package's dependencies, and of theirs. What is optional and not here is left out.
 * @param root folder of a package.json
 */
export async function dependencyFolders(root: string): Promise<Set<string>> {
  const found = new Set<string>();
  const follow = async (folder: string): Promise<void> => {
    const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as Dependent;
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      const dependency = folderOf(name, folder);
      if (dependency === undefined || found.has(dependency)) continue;
      found.add(dependency);
      await follow(dependency);
    }
  };
  await follow(root);
  return found;
}

/** As Node finds packages: in the nearest `node_modules` above. */
function folderOf(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name);
    if (existsSync(path.join(candidate, 'package.json'))) return candidate;
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** The folder of the package that a bundled module is of; undefined for what is of this project, or of no file. */
export async function moduleFolder(moduleId: string): Promise<string | undefined> {
  const file = moduleId.replace(/^\0/, '').replace(/\?.*$/s, '');
  const folder = /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+(?=[/\\])/s.exec(file)?.[0];
  if (folder === undefined || !existsSync(path.join(folder, 'package.json'))) return undefined;
  return realpath(folder);
}
