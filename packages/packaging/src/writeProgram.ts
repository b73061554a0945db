/** A program as plain JavaScript in a folder of its own. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ProgramFiles } from './programFiles.ts';
import { scriptPath, toJavaScript } from './toJavaScript.ts';

/** One file of a package; the name has slashes. */
export interface PackageFile {
  name: string;
  content: string;
}

/** A program's files, without types, under the same names below the root. */
export async function scriptsOf(
  root: string,
  { files }: Pick<ProgramFiles, 'files'>,
): Promise<PackageFile[]> {
  const scripts: PackageFile[] = [];
  for (const file of files) {
    const source = await readFile(path.join(root, file), 'utf8');
    scripts.push({ name: scriptPath(file), content: toJavaScript(file, source) });
  }
  return scripts;
}

/** By which scripts find the project's own packages. */
export function importsOf({ imports }: Pick<ProgramFiles, 'imports'>): Record<string, string> {
  return Object.fromEntries(Object.entries(imports).map(([name, file]) => [name, `./${scriptPath(file)}`]));
}

/** Writes files below a folder, which may not be there yet. */
export async function writeFiles(directory: string, files: readonly PackageFile[]): Promise<void> {
  for (const { name, content } of files) {
    const target = path.join(directory, name);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}

export function jsonFile(name: string, value: unknown): PackageFile {
  return { name, content: `${JSON.stringify(value, null, 2)}\n` };
}
