/** Makes a model of a directory: packs its weights, keeps its small files, and proves that it can be used. */
import { formatBytes } from '@potluck/api';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildStage,
  encoderKind,
  importDecoder,
  importEncoder,
  readPackedDecoder,
  readPackedEncoder,
  type ImportOptions,
  type ImportProgress,
} from '@potluck/onnx';
import type { BlobRef, ModelId, ModelPackage } from '@potluck/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors/messageOf.ts';
import { ModelError } from './modelError.ts';
import { StorageError } from '../files/storageError.ts';
import { fullDiskError, isFullDisk } from '../files/fullDisk.ts';
import type { BlobStore } from './blobStore.ts';
import { describeEncoder } from './encoders/describeEncoder.ts';
import { readLogitScore } from './encoders/logitScore.ts';
import { readSentenceModel } from './encoders/sentenceModel.ts';
import { inThread } from './inThread.ts';
import type { LinkRule } from './linkRule.ts';
import type { ModelSource } from './modelSource.ts';
import { NewBlobs } from './newBlobs.ts';
import { keptUnder } from './repositoryFiles.ts';
import { sourceFiles } from './sourceFiles.ts';
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
    const model = await makeModel({ ...components, sink: blobs }, { ...request, incoming });
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
  { blobs, sink }: ImportComponents & { sink: NewBlobs },
  { source, id, incoming, contextLength, onProgress, signal }: ImportRequest & { incoming: string },
): Promise<StoredModel> {
  const { directory, allowed } = source;
  const kept = await inThread<Map<string, Uint8Array>>(new URL('./keptFilesThread.ts', import.meta.url), {
    directory,
    allowed,
  } satisfies LinkRule);
  const options: ImportOptions = {
    files: sourceFiles(source),
    graphFile: source.graphFile,
    config: JSON.parse(new TextDecoder().decode(kept.get('config.json'))),
    ...(contextLength === undefined ? {} : { contextLength }),
    sink,
    ...(onProgress ? { onProgress } : {}),
    ...(signal ? { signal } : {}),
  };
  const imported = await importGraph(options, source, kept);
  const files: { name: string; blob: BlobRef }[] = [];
  for (const [path, bytes] of kept) {
    const name = keptUnder(path);
    if (name === undefined) continue;
    files.push({ name, blob: await sink.put(bytes) });
    await writeFile(join(incoming, name), bytes);
  }
  const { endTokenId } = await loadTokenizer(incoming);
  const graph = (await blobs.read(imported.graph.sha256)) ?? new Uint8Array();
  if (imported.encoder) await readPackedEncoder(graph);
  else buildStage(await readPackedDecoder(graph), { firstLayer: 0, lastLayer: imported.layers.length - 1 });
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

/** What importing a graph finds out, whatever it is. */
type ImportedGraph = Omit<
  ModelPackage,
  'formatVersion' | 'id' | 'source' | 'license' | 'importedAt' | 'files'
>;

const rerankerNote = 'A reranker: it says how well documents answer a question, and writes no text.';

async function importGraph(
  options: ImportOptions,
  { name, origin }: ModelSource,
  kept: ReadonlyMap<string, Uint8Array>,
): Promise<ImportedGraph> {
  const kind = await encoderKind(options.files, options.graphFile, options.config);
  if (kind === undefined) {
    const decoder = await importDecoder(options);
    const reranker = readLogitScore(kept, decoder.vocabularySize);
    return reranker ? { ...decoder, reranker, notes: [rerankerNote, ...decoder.notes] } : decoder;
  }
  const sentence = readSentenceModel({ files: kept, names: [name, origin] }, kind);
  const { gives, size, ...imported } = await importEncoder({ ...options, ...sentence });
  const encoder = describeEncoder({ gives, size }, sentence, kept);
  const note =
    encoder.task === 'rerank'
      ? rerankerNote
      : `An embedding model: it turns texts into vectors of ${size} numbers (${encoder.pooling}), and writes no text.`;
  return { ...imported, encoder, notes: [note, ...imported.notes] };
}
