/** Where this project is, as a clone or as an installed package, and what its package.json says. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ProjectManifest {
  name: string;
  version: string;
  license: string;
  description: string;
  dependencies: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** The folder that has `bin`, `packages` and, in a clone or a whole package, `hub`. */
export const programRoot = fileURLToPath(new URL('../../../', import.meta.url));

/** `.ts` in a clone, `.js` in a package. */
export const scriptExtension = path.extname(fileURLToPath(import.meta.url));

/** The manifest that names the packages of this project: `dist/` of a whole package has it one folder above. */
export async function readManifest(root = programRoot): Promise<ProjectManifest> {
  const own = await readJson(path.join(root, 'package.json'));
  const manifest = 'dependencies' in own ? own : await readJson(path.join(root, '..', 'package.json'));
  return manifest as ProjectManifest;
}

export async function readJson(file: string): Promise<object> {
  return JSON.parse(await readFile(file, 'utf8')) as object;
}
