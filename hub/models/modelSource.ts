/** A directory with the layout of a Hugging Face repository: config.json, tokenizer files, onnx/*.onnx. */
import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../errors/messageOf.ts';
import { ModelError } from './modelError.ts';
import { refuseLargeConfiguration } from './configurationLimits.ts';
import { rankGraphVariants } from './graphVariants.ts';
import { standardJson } from './jsonText.ts';
import { checkLink, type LinkRule } from './linkRule.ts';
import { asNamePart, type WantedName } from './modelNames.ts';
import { describeMissing, keptFileNames, neededFileNames } from './repositoryFiles.ts';

/** Largest configuration or tokenizer file; the largest in use have about 40 MB. */
const maxKeptFileBytes = 128 * 1024 * 1024;

/** A model directory, looked at but not imported. */
export interface ModelSource extends WantedName, LinkRule {
  /** Folder of the graph and its weights. */
  graphDirectory: string;
  /** File name in `graphDirectory`. */
  graphFile: string;
  /** For people: the directory and the graph. */
  description: string;
  /** Tells whether a file changed that the package is made of: sizes and times of change. */
  fingerprint: string;
  license?: string;
}

/** A directory, and which of its graphs is wanted. */
export interface DirectoryReference {
  directory: string;
  /** The graph's name without `.onnx`; default: the best. */
  variant?: string;
}

export interface ModelSourceInit extends DirectoryReference {
  /** Folders below which links may lead; default: any. */
  allowed?: readonly string[];
  /** What the model is to be called; default: as its directory. */
  called?: WantedName;
}

/**
 * Finds the model in a directory.
 * @throws ModelError saying what is missing, and which variants there are
 */
export async function findModelSource(init: ModelSourceInit): Promise<ModelSource> {
  const directory = path.resolve(init.directory);
  const { variant: wanted, allowed = [], called } = init;
  await mustHave(directory);
  const graphDirectory = (await isDirectory(path.join(directory, 'onnx')))
    ? path.join(directory, 'onnx')
    : directory;
  const variants = rankGraphVariants(await readdir(graphDirectory));
  const chosen = wanted === undefined ? variants[0] : variants.find((name) => name === wanted);
  if (chosen === undefined) {
    throw new ModelError(
      wanted === undefined
        ? `${directory} holds no decoder as ONNX. Looked for onnx/*.onnx.`
        : `${directory} has no variant '${wanted}'. It has: ${variants.join(', ') || 'none'}.`,
    );
  }
  const graphFile = `${chosen}.onnx`;
  const license = await licenseOf(directory);
  return {
    ...(called ?? (await nameOf(directory, wanted))),
    directory,
    allowed,
    graphDirectory,
    graphFile,
    description: `${directory}#${chosen}`,
    fingerprint: await fingerprintOf(directory, graphDirectory, graphFile),
    ...(license ? { license } : {}),
  };
}

/** Weights lie beside their graph in files whose names begin with its own. */
async function fingerprintOf(directory: string, graphDirectory: string, graphFile: string): Promise<string> {
  const beside = (await readdir(graphDirectory)).filter((name) => name.startsWith(graphFile)).sort();
  const files = [
    ...beside.map((name) => path.join(graphDirectory, name)),
    ...keptFileNames.map((name) => path.join(directory, name)),
  ];
  const parts = await Promise.all(
    files.map(async (file) => {
      const found = await stat(file).catch(() => undefined);
      return found ? [`${path.basename(file)} ${found.size} ${Math.floor(found.mtimeMs)}`] : [];
    }),
  );
  return parts.flat().join(', ');
}

/**
 * Reads the files that are kept with the package. JSON is written anew by the standard where it was not.
 * @throws ModelError if one is too large, can't be read, is no JSON, or is a link that leads elsewhere
 */
export async function readKeptFiles(source: LinkRule): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of keptFileNames) {
    const file = path.join(source.directory, name);
    const size = await checkLink(source, file, 'small');
    if (size === undefined) continue;
    if (size > maxKeptFileBytes) throw new ModelError(`${file} is too large (${size} bytes).`);
    const bytes = await readFile(file).catch((cause: unknown) => {
      throw new ModelError(`${file} can't be read: ${messageOf(cause)}`, { cause });
    });
    files.set(name, name.endsWith('.json') ? standardised(file, bytes) : bytes);
  }
  return files;
}

function standardised(file: string, bytes: Uint8Array): Uint8Array {
  const original = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  refuseLargeConfiguration(path.basename(file), original);
  const text = standardJson(original);
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new ModelError(`${file} is no valid JSON: ${messageOf(cause)}`, { cause });
  }
  return new TextEncoder().encode(text);
}

/**
 * Reads `DIR` or `DIR#variant`. A directory with a `#` in its name is meant as it is.
 * @returns undefined where there is no such directory
 */
export async function findDirectory(reference: string): Promise<DirectoryReference | undefined> {
  if (await isDirectory(path.resolve(reference))) return { directory: reference };
  const hash = reference.lastIndexOf('#');
  const directory = reference.slice(0, Math.max(0, hash));
  if (hash <= 0 || !(await isDirectory(path.resolve(directory)))) return undefined;
  return { directory, variant: reference.slice(hash + 1) };
}

async function mustHave(directory: string): Promise<void> {
  if (!(await isDirectory(directory))) throw new ModelError(`There is no directory ${directory}.`);
  const missing = describeMissing(await readdir(directory));
  if (missing === undefined) return;
  throw new ModelError(
    `${directory} has no ${missing}. A model directory holds ${neededFileNames.join(', ')} and onnx/*.onnx.`,
  );
}

async function isDirectory(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** A chosen variant is part of the id, so that two variants of a directory can both be kept. */
async function nameOf(directory: string, variant: string | undefined): Promise<WantedName> {
  return {
    name: asNamePart(path.basename(directory)).slice(0, 90) || 'model',
    ...(variant === undefined ? {} : { variant: asNamePart(variant) }),
    origin: await realpath(directory),
  };
}

async function licenseOf(directory: string): Promise<string | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(path.join(directory, 'package.json'), 'utf8'));
    if (
      typeof manifest === 'object' &&
      manifest &&
      'license' in manifest &&
      typeof manifest.license === 'string'
    ) {
      return manifest.license;
    }
  } catch {
    // No npm package: the license, if any, is a file.
  }
  return undefined;
}
