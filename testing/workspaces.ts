/** The workspaces of this project: their files, what those import, and what their package.json names. */
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { packageOf, specifiersIn, withoutComments } from '../packages/packaging/src/specifiers.ts';

export interface Manifest {
  name: string;
  workspaces?: string[];
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

export interface Workspace {
  /** From the project's root, with slashes; empty for the root itself. */
  folder: string;
  manifest: Manifest;
  /** Paths from the root, with slashes. */
  files: string[];
}

/** What programs make, and what npm installs. */
const made = new Set(['node_modules', 'build', 'dist', '.svelte-kit', 'results', '.wuchale']);
const isTest = /\.(test|spec)\.ts$|(^|\/)testing\/|^e2e\//;
/** Shown to people as text. */
const isSample = new Set(['client/src/lib/code/requestCode.ts']);

/** Folders of the workspaces, as the root's package.json names them. @param root of the project */
export function workspaceFolders(root: string): string[] {
  const { workspaces = [] } = readManifest(path.join(root, 'package.json'));
  return workspaces.flatMap((pattern) => globSync(pattern, { cwd: root })).map(withSlashes);
}

/** The root itself first: its own files are the command line and what sets up the tools. */
export function readWorkspaces(root: string): Workspace[] {
  const own = readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? entry.name : [],
  );
  return [
    {
      folder: '',
      manifest: readManifest(path.join(root, 'package.json')),
      files: [...own.filter(isCode), ...filesBelow(root, 'bin')],
    },
    ...workspaceFolders(root).map((folder) => ({
      folder,
      manifest: readManifest(path.join(root, folder, 'package.json')),
      files: filesBelow(root, folder),
    })),
  ];
}

export function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
}

export interface Imports {
  /** By what runs, by names of packages. */
  running: Set<string>;
  /** By tests, or for their types only. */
  developing: Set<string>;
  /** Every text in single quotes that may name a package. */
  quoted: Set<string>;
}

/** @param known packages that are installed: other names stand in texts */
export function importsIn(root: string, { files }: Workspace, known: ReadonlySet<string>): Imports {
  const imports: Imports = { running: new Set(), developing: new Set(), quoted: new Set() };
  for (const file of files) {
    const source = readFileSync(path.join(root, file), 'utf8');
    for (const [, name = ''] of source.matchAll(/'((?:@[\w-]+\/)?[\w.-]+)'/g)) imports.quoted.add(name);
    if (isSample.has(file)) continue;
    const all = packagesIn(source, known);
    const runs =
      isTest.test(file) || file.endsWith('.d.ts') ? [] : packagesIn(withoutTypes(file, source), known);
    for (const name of all) imports.developing.add(name);
    for (const name of runs) imports.running.add(name);
  }
  return imports;
}

function packagesIn(source: string, known: ReadonlySet<string>): string[] {
  return specifiersIn(withoutComments(source))
    .map(packageOf)
    .filter((name) => known.has(name));
}

function withoutTypes(file: string, source: string): string {
  return file.endsWith('.ts') ? stripTypeScriptTypes(source) : source;
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return made.has(entry.name) ? [] : filesBelow(root, name);
    return isCode(name) ? [name] : [];
  });
}

function isCode(name: string): boolean {
  return /\.(ts|js|svelte|css)$/.test(name);
}

function withSlashes(name: string): string {
  return name.split(path.sep).join('/');
}
