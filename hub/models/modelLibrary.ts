/** Imports models, keeps them on disk, and opens them to be cut into stages. */
import { formatBytes } from '@potluck/api';
import { readdir } from 'node:fs/promises';
import type { LayerRange } from '@potluck/onnx';
import { ModelId, type BlobRef, type ModelPackage, type StageDescription } from '@potluck/protocol';
import type { Logger } from 'pino';
import { builtInModelId, builtInModelDirectory } from './builtInModel.ts';
import { messageOf } from '../errors/messageOf.ts';
import { StorageError } from '../files/storageError.ts';
import type { GraphPlace } from './graphs/cutStage.ts';
import { GraphCutter } from './graphs/graphWork.ts';
import { ModelError } from './modelError.ts';
import type { BlobStore } from './blobStore.ts';
import { importModel, importRevision, type ModelImportOptions } from './importModel.ts';
import type { Model } from './model.ts';
import { builtInOrigin, chooseModelId } from './modelNames.ts';
import { findDirectory, findModelSource, type ModelSource } from './modelSource.ts';
import { StoredModels, type LeftOut, type StoredModel } from './storedModels.ts';
import { loadTokenizer } from './tokenizer.ts';

export interface ModelRequest {
  /** A model's id, a directory, or `DIR#variant`. */
  reference: string;
  variant?: string;
  /** Longest sequence to serve, in tokens; undefined means what the model can do. */
  contextLength?: number;
}

export class ModelLibrary {
  readonly #stored: StoredModels;
  readonly #blobs: BlobStore;
  readonly #logger: Logger;
  readonly #cutter = new GraphCutter();

  constructor(directory: string, blobs: BlobStore, logger: Logger) {
    this.#stored = new StoredModels(directory);
    this.#blobs = blobs;
    this.#logger = logger;
  }

  /**
   * Opens a model; imports it first if that was not done yet, or its source changed.
   * @throws ModelError naming what can't be used and why; StorageError if the disk is full
   */
  async open(request: ModelRequest): Promise<Model> {
    const source = await this.#source(request);
    if (!source) return this.openStored(request.reference, request.contextLength);
    const { contextLength } = request;
    const stored =
      (await this.#current(source, contextLength)) ?? (await this.#import(source, { contextLength }));
    return this.#open(stored, contextLength);
  }

  /**
   * Opens a model that was imported before. The built-in one is imported again where its files are damaged.
   * @throws ModelError if it is not here, or damaged
   */
  async openStored(id: string, contextLength?: number): Promise<Model> {
    try {
      return await this.#open(await this.#mustBeWhole(id), contextLength);
    } catch (error) {
      if (id !== builtInModelId || !(error instanceof ModelError)) throw error;
      this.#logger.warn({ model: id, reason: error.message }, 'importing the built-in model again');
      return this.#open(await this.#import(await builtInSource(), { contextLength }), contextLength);
    }
  }

  /** Packages of all models that are whole, oldest first, and what can't be used. */
  async list(): Promise<{ models: ModelPackage[]; leftOut: LeftOut[] }> {
    const { models, leftOut } = await this.#stored.scan();
    const whole: ModelPackage[] = [];
    for (const { package: model } of models) {
      const missing = await this.#missingOf(model);
      if (missing === undefined) whole.push(model);
      else leftOut.push({ name: model.id, reason: missing, unread: false });
    }
    return { models: whole, leftOut };
  }

  /**
   * Imports a model. One of the same source is replaced once the new one is proven; one of the same name stays, and the
   * new one gets a name of its own.
   * @throws ModelError naming what can't be used and why; StorageError if the disk is full; the signal's reason
   */
  async import(source: ModelSource, options: ModelImportOptions = {}): Promise<ModelPackage> {
    return (await this.#import(source, options)).package;
  }

  /** Deletes a model, and the blobs that no other model names. */
  async remove(id: ModelId): Promise<void> {
    const removed = await this.#stored.read(id);
    await this.#stored.remove(id);
    if (!removed || !('model' in removed)) return;
    const { models } = await this.#stored.scan();
    const kept = new Set(models.flatMap(({ package: model }) => blobsOf(model)).map(({ sha256 }) => sha256));
    for (const { sha256 } of blobsOf(removed.model.package))
      if (!kept.has(sha256)) await this.#blobs.remove(sha256);
  }

  /**
   * Clears up before any model is opened: what imports that were cut off left behind, and blobs that no model names, such
   * as the graphs of stages, which are cut anew. While an entry can't be read nothing is deleted, since nobody knows what
   * it names.
   */
  async tidy(): Promise<void> {
    await this.#stored.recover();
    const { models, leftOut } = await this.#stored.scan();
    if (leftOut.some(({ name, unread }) => unread && name !== builtInModelId)) return;
    const named = models.flatMap(({ package: model }) => blobsOf(model)).map(({ sha256 }) => sha256);
    const freed = await this.#blobs.removeAllBut(new Set<string>(named));
    if (freed > 0) this.#logger.debug({ freed: formatBytes(freed) }, 'deleted blobs that no model names');
  }

  async #open(stored: StoredModel, mostContext: number | undefined): Promise<Model> {
    const model = stored.package;
    const graph = {
      blobs: this.#blobs.directory,
      sha256: model.graph.sha256,
      isEncoder: model.encoder !== undefined,
    };
    const isThere = await this.#cutter.open(graph).catch((cause: unknown) => {
      throw new ModelError(`The graph of ${model.id} is not understood: ${messageOf(cause)}`, { cause });
    });
    if (!isThere) throw damaged(stored, 'its graph is missing or damaged');
    const contextLength = Math.min(model.contextLength, mostContext ?? Infinity);
    const cut = new Map<string, Promise<StageDescription>>();
    const tokenizer = await loadTokenizer(this.#stored.folder(model.id));
    return {
      package: { ...model, contextLength },
      tokenizer,
      cutStage: (firstLayer, lastLayer) => {
        const key = `${firstLayer}-${lastLayer}`;
        const known = cut.get(key);
        if (known) return known;
        const making = this.#cutStage(model.id, contextLength, tokenizer.vocabulary, graph, {
          firstLayer,
          lastLayer,
        });
        cut.set(key, making);
        making.catch(() => cut.delete(key));
        return making;
      },
    };
  }

  async #cutStage(
    model: ModelId,
    contextLength: number,
    vocabulary: Uint8Array,
    place: GraphPlace,
    range: LayerRange,
  ): Promise<StageDescription> {
    const { graph, description } = await this.#cutter.cut(place, range).catch((cause: unknown) => {
      if (cause instanceof StorageError) throw cause;
      throw new ModelError(`${model} can't be cut into stages: ${messageOf(cause)}`, { cause });
    });
    const stage = { ...description, model, contextLength, graph };
    return description.logits ? { ...stage, vocabulary: await this.#blobs.put(vocabulary) } : stage;
  }

  /** The directory that a request names, if it does. */
  async #source({ reference, variant }: ModelRequest): Promise<ModelSource | undefined> {
    const found = await findDirectory(reference);
    const chosen = variant === undefined ? {} : { variant };
    if (found) return findModelSource({ ...found, ...chosen });
    return reference === builtInModelId ? builtInSource(variant) : undefined;
  }

  /** The model that was made of a source, where nothing changed since. */
  async #current(source: ModelSource, contextLength: number | undefined): Promise<StoredModel | undefined> {
    const found = await this.#stored.read(await this.#idFor(source));
    if (!found || !('model' in found)) return undefined;
    const { model: stored } = found;
    const isCurrent =
      stored.importRevision === importRevision &&
      stored.fingerprint === source.fingerprint &&
      stored.package.source === source.description &&
      (stored.contextLength === undefined || stored.contextLength >= (contextLength ?? Infinity));
    return isCurrent && (await this.#missingOf(stored.package)) === undefined ? stored : undefined;
  }

  async #idFor(source: ModelSource): Promise<ModelId> {
    const { models, leftOut } = await this.#stored.scan();
    return chooseModelId(source, [
      ...models.map((stored) => ({ id: stored.package.id, origin: originOf(stored) })),
      // The entry of the built-in model is written anew.
      ...leftOut
        .filter(({ name }) => name !== builtInModelId)
        .map(({ name }) => ({ id: name, origin: undefined })),
    ]);
  }

  async #import(source: ModelSource, options: ModelImportOptions): Promise<StoredModel> {
    const id = await this.#idFor(source);
    const components = { blobs: this.#blobs, stored: this.#stored, logger: this.#logger };
    return importModel(components, { source, id, ...options });
  }

  async #mustBeWhole(id: string): Promise<StoredModel> {
    const modelId = ModelId.safeParse(id).data;
    const found = modelId && (await this.#stored.read(modelId));
    if (!found) {
      const { models } = await this.#stored.scan();
      const ids = [...new Set([builtInModelId, ...models.map(({ package: model }) => model.id)])].join(', ');
      throw new ModelError(
        `There is no model '${id}': it is no directory here, and the imported ones are ${ids}.`,
      );
    }
    if ('reason' in found) {
      const folder = this.#stored.folder(ModelId.parse(id));
      throw new ModelError(
        `The model ${id} can't be used: ${found.reason}. Add it again, or delete ${folder}.`,
        {
          isDamaged: true,
        },
      );
    }
    const missing = await this.#missingOf(found.model.package);
    if (missing !== undefined) throw damaged(found.model, missing);
    return found.model;
  }

  /** What keeps a model from being whole. Sizes are looked at; hashes are checked by those who read. */
  async #missingOf(model: ModelPackage): Promise<string | undefined> {
    const blobs = [model.graph, ...model.packs];
    const sizes = await Promise.all(blobs.map(({ sha256 }) => this.#blobs.size(sha256)));
    const bad = blobs.filter(({ size }, index) => sizes[index] !== size).length;
    const present = new Set(await readdir(this.#stored.folder(model.id)).catch(() => []));
    const gone = model.files.find(({ name }) => !present.has(name));
    if (bad > 0) return `${bad} of ${blobs.length} files with its weights are missing or damaged`;
    return gone && `its ${gone.name} is missing`;
  }
}

function builtInSource(variant?: string): Promise<ModelSource> {
  return findModelSource({
    directory: builtInModelDirectory(),
    called: { name: builtInModelId, origin: builtInOrigin },
    ...(variant === undefined ? {} : { variant }),
  });
}

/** Older packages say for people only where they came from. */
function originOf({ origin, package: { id, source } }: StoredModel): string {
  if (origin !== undefined) return origin;
  if (id === builtInModelId) return builtInOrigin;
  const isRepository = /^https?:/.test(source);
  return isRepository ? (id.split(':')[0] ?? id) : source.slice(0, Math.max(0, source.lastIndexOf('#')));
}

function blobsOf(model: ModelPackage): BlobRef[] {
  return [model.graph, ...model.packs, ...model.files.map(({ blob }) => blob)];
}

function damaged({ package: { id, source } }: StoredModel, what: string): ModelError {
  return new ModelError(`The model ${id} can't be used: ${what}. Add it again from ${source}.`, {
    isDamaged: true,
  });
}
