/** Imported models: `<folder>/<encoded id>/package.json`, written last, beside the repository's small files. */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildStage, importDecoder, readPackedDecoder, type ImportProgress } from '@potluck/onnx';
import { directoryModelFiles } from '@potluck/onnx/node';
import { ModelId, ModelPackage, type BlobRef, type StageDescription } from '@potluck/protocol';
import type { Logger } from 'pino';
import { z } from 'zod';
import { builtInModelId } from '../config.ts';
import { ModelError, StorageError, messageOf, systemCodeOf } from '../errors.ts';
import { formatBytes } from '../formatBytes.ts';
import { makeDirectory } from '../makeDirectory.ts';
import { writeFileAtomically } from '../writeFileAtomically.ts';
import type { BlobStore } from './blobStore.ts';
import { builtInModelDirectory } from './builtInModel.ts';
import type { Model } from './model.ts';
import { findModelSource, isModelDirectory, readKeptFiles, type ModelSource } from './modelSource.ts';
import { findStopTokens } from './stopTokens.ts';
import { loadTokenizer } from './tokenizer.ts';

/** Rises when the importer's output changes, so that packages made by an older one are made again. */
const importRevision = 1;

/** A package on disk, with what says whether it is still current. */
const StoredModel = z.object({
  importRevision: z.number(),
  fingerprint: z.string(),
  contextLength: z.number().optional(),
  package: ModelPackage,
});
type StoredModel = z.infer<typeof StoredModel>;

export interface ModelRequest {
  /** A model's id, a directory, or `DIR#variant`. */
  reference: string;
  variant?: string;
  /** Longest sequence to serve, in tokens; undefined means what the model can do. */
  contextLength?: number;
}

export interface ModelImportOptions {
  /** Longest sequence to serve, in tokens; undefined means what the model can do. */
  contextLength?: number;
  onProgress?: (progress: ImportProgress) => void;
  signal?: AbortSignal;
}

export class ModelLibrary {
  readonly #directory: string;
  readonly #blobs: BlobStore;
  readonly #logger: Logger;

  constructor(directory: string, blobs: BlobStore, logger: Logger) {
    this.#directory = directory;
    this.#blobs = blobs;
    this.#logger = logger;
  }

  /**
   * Opens a model; imports it first if that was not done yet, or its source changed.
   * @throws ModelError naming what can't be used and why; StorageError if the disk is full
   */
  async open(request: ModelRequest): Promise<Model> {
    return this.#openStored(await this.#storedOrImported(request), request.contextLength);
  }

  /**
   * Opens a model that was imported before.
   * @throws ModelError if it is not here, or damaged
   */
  async openStored(id: string, contextLength?: number): Promise<Model> {
    const stored = await this.#stored(id);
    if (!stored || !(await this.#isWhole(stored.package))) throw await this.#unknown(id, stored);
    return this.#openStored(stored, contextLength);
  }

  async #openStored(stored: StoredModel, mostContext: number | undefined): Promise<Model> {
    const folder = this.#folder(stored.package.id);
    const model = stored.package;
    const graph = await this.#blobs.read(model.graph.sha256);
    if (!graph)
      throw new ModelError(
        `The graph of ${model.id} is missing or damaged. Delete ${folder} and start again.`,
      );
    const decoder = await readPackedDecoder(graph).catch((cause: unknown) => {
      throw new ModelError(`The graph of ${model.id} is not understood: ${messageOf(cause)}`, { cause });
    });
    const contextLength = Math.min(model.contextLength, mostContext ?? Infinity);
    const cut = new Map<string, Promise<StageDescription>>();
    return {
      package: { ...model, contextLength },
      tokenizer: await loadTokenizer(folder),
      cutStage: (firstLayer, lastLayer) => {
        const key = `${firstLayer}-${lastLayer}`;
        const known = cut.get(key);
        if (known) return known;
        const making = this.#cutStage(model.id, contextLength, () =>
          buildStage(decoder, { firstLayer, lastLayer }),
        );
        cut.set(key, making);
        making.catch(() => cut.delete(key));
        return making;
      },
    };
  }

  /** Packages of all models that are whole, oldest first. */
  async list(): Promise<ModelPackage[]> {
    const folders = await readdir(this.#directory).catch(() => []);
    const stored = await Promise.all(folders.map((folder) => this.#stored(decodeURIComponent(folder))));
    const packages = stored.flatMap((one) => (one ? [one.package] : []));
    const whole = await Promise.all(packages.map((one) => this.#isWhole(one)));
    return packages
      .filter((_, index) => whole[index])
      .sort((one, other) => one.importedAt - other.importedAt);
  }

  /**
   * Imports a directory, also one that was imported before.
   * @throws ModelError naming what can't be used and why; StorageError if the disk is full; the signal's reason
   */
  async import(source: ModelSource, options: ModelImportOptions = {}): Promise<ModelPackage> {
    return (await this.#import(source, options)).package;
  }

  /** Deletes a model, and the blobs that no other model names. */
  async remove(id: ModelId): Promise<void> {
    const removed = await this.#stored(id);
    await rm(this.#folder(id), { recursive: true, force: true });
    if (!removed) return;
    const kept = new Set((await this.list()).flatMap(blobsOf).map(({ sha256 }) => sha256));
    for (const { sha256 } of blobsOf(removed.package))
      if (!kept.has(sha256)) await this.#blobs.remove(sha256);
  }

  async #cutStage(
    model: ModelId,
    contextLength: number,
    build: () => ReturnType<typeof buildStage>,
  ): Promise<StageDescription> {
    const { graph, description } = attempt(model, build);
    return { ...description, model, contextLength, graph: await this.#blobs.put(graph) };
  }

  async #storedOrImported(request: ModelRequest): Promise<StoredModel> {
    const source = await this.#source(request);
    const id = source?.id ?? request.reference;
    const stored = await this.#stored(id);
    if (!source) {
      if (stored && (await this.#isWhole(stored.package))) return stored;
      throw await this.#unknown(request.reference, stored);
    }
    const usable =
      stored?.importRevision === importRevision &&
      stored.fingerprint === source.fingerprint &&
      stored.package.source === source.description &&
      (stored.contextLength === undefined || stored.contextLength >= (request.contextLength ?? Infinity));
    if (stored && usable && (await this.#isWhole(stored.package))) return stored;
    const { contextLength } = request;
    return this.#import(source, contextLength === undefined ? {} : { contextLength });
  }

  async #source(request: ModelRequest): Promise<ModelSource | undefined> {
    if (request.reference === builtInModelId && !(await isModelDirectory(request.reference))) {
      return findModelSource(builtInModelDirectory(), request.variant, ModelId.parse(builtInModelId));
    }
    if (await isModelDirectory(request.reference)) return findModelSource(request.reference, request.variant);
    return undefined;
  }

  async #import(source: ModelSource, options: ModelImportOptions): Promise<StoredModel> {
    const { contextLength, onProgress, signal } = options;
    this.#logger.info({ model: source.id, source: source.description }, 'importing model');
    const started = performance.now();
    const kept = await readKeptFiles(source);
    const config = parseJson(kept.get('config.json'), `${source.directory}/config.json`);
    const imported = await importDecoder({
      files: directoryModelFiles(source.graphDirectory),
      graphFile: source.graphFile,
      config,
      ...(contextLength === undefined ? {} : { contextLength }),
      sink: { put: (bytes) => this.#blobs.put(bytes) },
      ...(onProgress ? { onProgress } : {}),
      ...(signal ? { signal } : {}),
    }).catch((cause: unknown) => {
      if (cause instanceof StorageError || signal?.aborted) throw cause;
      throw new ModelError(`${source.description} can't be imported: ${messageOf(cause)}`, { cause });
    });
    const folder = this.#folder(source.id);
    await rm(folder, { recursive: true, force: true });
    await makeDirectory(folder);
    const files: { name: string; blob: BlobRef }[] = [];
    for (const [name, bytes] of kept) {
      files.push({ name, blob: await this.#blobs.put(bytes) });
      await writeFile(path.join(folder, name), bytes);
    }
    const tokenizer = await loadTokenizer(folder);
    const stored: StoredModel = {
      importRevision,
      fingerprint: source.fingerprint,
      ...(contextLength === undefined ? {} : { contextLength }),
      package: {
        ...imported,
        formatVersion: 1,
        id: source.id,
        source: source.description,
        ...(source.license ? { license: source.license } : {}),
        importedAt: Math.floor(Date.now() / 1000),
        files,
        stopTokenIds: findStopTokens(
          imported.stopTokenIds,
          kept.get('generation_config.json'),
          tokenizer.endTokenId,
        ),
      },
    };
    await writeFileAtomically(path.join(folder, 'package.json'), `${JSON.stringify(stored)}\n`);
    const bytes = stored.package.packs.reduce((sum, pack) => sum + pack.size, 0);
    this.#logger.info(
      {
        model: source.id,
        layers: imported.layers.length,
        weights: formatBytes(bytes),
        milliseconds: Math.round(performance.now() - started),
      },
      'imported model',
    );
    return stored;
  }

  async #stored(id: string): Promise<StoredModel | undefined> {
    if (!ModelId.safeParse(id).success) return undefined;
    const file = path.join(this.#folder(ModelId.parse(id)), 'package.json');
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if (systemCodeOf(error) === 'ENOENT') return undefined;
      throw new ModelError(`${file} can't be read: ${messageOf(error)}`, { cause: error });
    });
    if (text === undefined) return undefined;
    const parsed = StoredModel.safeParse(parseJson(text, file));
    if (!parsed.success)
      this.#logger.warn({ file, reason: z.prettifyError(parsed.error) }, 'ignoring a model package');
    return parsed.data;
  }

  /** True where every blob is there in its full size; their hashes are checked by those who read them. */
  async #isWhole(model: ModelPackage): Promise<boolean> {
    const blobs = [model.graph, ...model.packs];
    const sizes = await Promise.all(blobs.map(({ sha256 }) => this.#blobs.size(sha256)));
    return blobs.every(({ size }, index) => sizes[index] === size);
  }

  async #unknown(reference: string, stored: StoredModel | undefined): Promise<ModelError> {
    if (stored) {
      return new ModelError(
        `Weights of ${reference} are missing. Start with --model ${stored.package.source} to import it again.`,
      );
    }
    const folders = await readdir(this.#directory).catch(() => []);
    const ids = [...new Set([builtInModelId, ...folders.map((folder) => decodeURIComponent(folder))])];
    return new ModelError(
      `There is no model '${reference}': it is no directory here, and the imported ones are ${ids.join(', ')}.`,
    );
  }

  #folder(id: ModelId): string {
    return path.join(this.#directory, encodeURIComponent(id));
  }
}

function blobsOf(model: ModelPackage): BlobRef[] {
  return [model.graph, ...model.packs, ...model.files.map(({ blob }) => blob)];
}

function attempt<T>(model: ModelId, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new ModelError(`${model} can't be cut into stages: ${messageOf(cause)}`, { cause });
  }
}

function parseJson(contents: Uint8Array | string | undefined, file: string): unknown {
  try {
    return JSON.parse(typeof contents === 'string' ? contents : new TextDecoder().decode(contents));
  } catch (cause) {
    throw new ModelError(`${file} is no valid JSON: ${messageOf(cause)}`, { cause });
  }
}
