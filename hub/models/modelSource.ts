/** A directory with the layout of a Hugging Face repository: config.json, tokenizer files, onnx/*.onnx. */
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ModelId } from '@potluck/protocol';
import { ModelError, messageOf, systemCodeOf } from '../errors.ts';
import { rankGraphVariants } from './graphVariants.ts';

/** Repository files kept with a model package, where they are there. */
const keptFileNames = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'LICENSE',
  'LICENSE.txt',
];
const neededFileNames = ['config.json', 'tokenizer.json'];
/** Largest configuration or tokenizer file; the largest in use have about 40 MB. */
const maxKeptFileBytes = 128 * 1024 * 1024;

/** A model directory, looked at but not imported. */
export interface ModelSource {
  id: ModelId;
  directory: string;
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

/**
 * Finds the model in a directory.
 * @param reference `DIR` or `DIR#variant`
 * @param variant graph's name without `.onnx`; wins over the one in `reference`
 * @throws ModelError saying what is missing, and which variants there are
 */
export async function findModelSource(
  reference: string,
  variant?: string,
  id?: ModelId,
): Promise<ModelSource> {
  const [directoryPart = '', variantPart] = splitVariant(reference);
  const directory = path.resolve(directoryPart);
  const wanted = variant ?? variantPart;
  await mustHave(directory, neededFileNames);
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
    id: id ?? idFor(directory, wanted),
    directory,
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
 * Reads the files that are kept with the package.
 * @throws ModelError if one is too large or can't be read
 */
export async function readKeptFiles(source: ModelSource): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of keptFileNames) {
    const file = path.join(source.directory, name);
    try {
      const { size } = await stat(file);
      if (size > maxKeptFileBytes) throw new ModelError(`${file} is too large (${size} bytes).`);
      files.set(name, await readFile(file));
    } catch (error) {
      if (error instanceof ModelError) throw error;
      if (systemCodeOf(error) !== 'ENOENT') {
        throw new ModelError(`${file} can't be read: ${messageOf(error)}`, { cause: error });
      }
    }
  }
  return files;
}

/** True where the text is a directory reference (with or without `#variant`), as opposed to a model's id. */
export async function isModelDirectory(reference: string): Promise<boolean> {
  return isDirectory(path.resolve(splitVariant(reference)[0] ?? ''));
}

function splitVariant(reference: string): string[] {
  const hash = reference.lastIndexOf('#');
  return hash > 0 ? [reference.slice(0, hash), reference.slice(hash + 1)] : [reference];
}

async function mustHave(directory: string, names: string[]): Promise<void> {
  if (!(await isDirectory(directory))) throw new ModelError(`There is no directory ${directory}.`);
  for (const name of names) {
    await stat(path.join(directory, name)).catch((cause: unknown) => {
      throw new ModelError(
        `${directory} has no ${name}. A model directory holds config.json, tokenizer.json and onnx/*.onnx.`,
        { cause },
      );
    });
  }
}

async function isDirectory(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** A chosen variant is part of the id, so that two variants of a directory can both be kept. */
function idFor(directory: string, variant: string | undefined): ModelId {
  const clean = (text: string): string =>
    text.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9_]+/, '');
  const name = clean(path.basename(directory)).slice(0, 100) || 'model';
  return ModelId.parse(variant === undefined ? name : `${name}:${clean(variant)}`);
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
