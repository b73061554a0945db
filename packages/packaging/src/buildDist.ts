/** Makes `dist/`, which `npm pack` packs: the whole program as JavaScript, with the app. Runs as npm's `prepack`. */
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { programFiles } from './programFiles.ts';
import { programRoot, readManifest } from './projectFiles.ts';
import { importsOf, jsonFile, scriptsOf, writeFiles } from './writeProgram.ts';

/**
 * @param directory is replaced
 * @param app the built app's folder
 */
export async function buildDist(directory: string, app: string, root = programRoot): Promise<void> {
  const { name, version } = await readManifest(root);
  const program = await programFiles(root, ['bin/potluck.js']);
  const making = `${directory}.new`;
  await rm(making, { recursive: true, force: true });
  await mkdir(making, { recursive: true });
  // Found by Node before the package's own one: what `#potluck/...` is.
  const manifest = { name, version, private: true, type: 'module', imports: importsOf(program) };
  await writeFiles(making, [jsonFile('package.json', manifest), ...(await scriptsOf(root, program))]);
  await cp(app, path.join(making, 'client/build'), {
    recursive: true,
    // The package is compressed itself: with compressed copies it would be twice as large.
    filter: (source) => !source.endsWith('.gz'),
  });
  await rm(directory, { recursive: true, force: true });
  await rename(making, directory);
}
