/** Makes a model of a directory: packs its weights, keeps its small files, and proves that it can be used. */
import { formatBytes } from '@potluck/api';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImportProgress } from '@potluck/onnx';
import type { BlobRef, ModelId } from '@potluck/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors/messageOf.ts';
import { ModelError } from './modelError.ts';
import { StorageError } from '../files/storageError.ts';
import { fullDiskError, isFullDisk } from '../files/fullDisk.ts';
import type { BlobStore } from './blobStore.ts';
import { importInThread } from './graphs/graphWork.ts';
import type { ModelSource } from './modelSource.ts';
import { NewBlobs } from './newBlobs.ts';
import { keptUnder } from './repositoryFiles.ts';
import { findStopTokens } from './stopTokens.ts';
import type { StoredModel, StoredModels } from './storedModels.ts';
import { loadTokenizer } from './tokenizer.ts';

/** Rises when the importer's output changes, so that packages made by an older one are made again. */
export const importRevision = 3;

export interface ModelImportOptions {
  /** Longest sequence to serve, in tokens; undefined means what the model can do. */
  contextLength?: number | undefined;
  onProgress?: ((progress: ImportProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface ImportComponents {
  blobs: BlobStore;
  stored: StoredModels;
  logger: Logger;
}

interface ImportRequest extends ModelImportOptions {
  source: ModelSource;
  /** What the model is to be called. One of this id is replaced at the end, when the new one is proven. */
  id: ModelId;
}

/**
 * Imports a model. Where that fails, nothing of it stays.
 * @throws ModelError naming what can't be used and why; StorageError if the disk is full; the signal's reason
 */
export async function importModel(
  components: ImportComponents,
  request: ImportRequest,
): Promise<StoredModel> {
  const { stored, logger } = components;
  const { source, id, signal } = request;
  logger.info({ model: id, source: source.description }, 'importing model');
  const started = performance.now();
  const blobs = new NewBlobs(components.blobs);
  let incoming: string | undefined;
  try {
    incoming = await stored.makeIncoming();
    const model = await makeModel({ ...components, written: blobs }, { ...request, incoming });
    await stored.put(incoming, model);
    logger.info(
      {
        model: id,
        layers: model.package.layers.length,
        weights: formatBytes(model.package.packs.reduce((sum, pack) => sum + pack.size, 0)),
        milliseconds: Math.round(performance.now() - started),
      },
      'imported model',
    );
    return model;
  } catch (cause) {
    await blobs.discard();
    if (incoming !== undefined) await rm(incoming, { recursive: true, force: true });
    if (cause instanceof StorageError || signal?.aborted) throw cause;
    if (isFullDisk(cause)) throw fullDiskError(cause);
    const reason = messageOf(cause).replaceAll(incoming ?? '\0', source.directory);
    throw new ModelError(`${source.description} can't be imported: ${reason}`, { cause });
  }
}

async function makeModel(
  { blobs, written }: ImportComponents & { written: NewBlobs },
  { source, id, incoming, contextLength, onProgress, signal }: ImportRequest & { incoming: string },
): Promise<StoredModel> {
  const { kept, imported } = await importInThread(
    { source, contextLength, blobs: blobs.directory },
    {
      onNote: (note) => ('written' in note ? written.written(note.written) : onProgress?.(note.progress)),
      signal,
    },
  );
  const files: { name: string; blob: BlobRef }[] = [];
  for (const [path, bytes] of kept) {
    const name = keptUnder(path);
    if (name === undefined) continue;
    files.push({ name, blob: await written.put(bytes) });
    await writeFile(join(incoming, name), bytes);
  }
  const { endTokenId } = await loadTokenizer(incoming);
  return {
    importRevision,
    fingerprint: source.fingerprint,
    origin: source.origin,
    ...(contextLength === undefined ? {} : { contextLength }),
    package: {
      ...imported,
      formatVersion: 1,
      id,
      source: source.description,
      ...(source.license ? { license: source.license } : {}),
      importedAt: Math.floor(Date.now() / 1000),
      files,
      stopTokenIds: findStopTokens(imported.stopTokenIds, kept.get('generation_config.json'), endTokenId),
    },
  };
}
