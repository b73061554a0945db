/** What an import makes of a model's files: its small files, its graph, and its weights as blobs. */
import {
  encoderKind,
  importDecoder,
  importEncoder,
  type ImportOptions,
  type ImportProgress,
} from '@potluck/onnx';
import type { ModelPackage, Sha256 } from '@potluck/protocol';
import { BlobStore } from '../blobStore.ts';
import { describeEncoder } from '../encoders/describeEncoder.ts';
import { readLogitScore } from '../encoders/logitScore.ts';
import { readSentenceModel } from '../encoders/sentenceModel.ts';
import type { ThreadHost } from '../inThread.ts';
import { ModelError } from '../modelError.ts';
import { readKeptFiles, type ModelSource } from '../modelSource.ts';
import { sourceFiles } from '../sourceFiles.ts';
import { readGraph } from './cutStage.ts';

export interface ImportFilesRequest {
  source: Pick<ModelSource, 'directory' | 'allowed' | 'graphDirectory' | 'graphFile' | 'name' | 'origin'>;
  /** Longest sequence to serve, in tokens; undefined means what the model can do. */
  contextLength: number | undefined;
  /** Folder of the blobs. */
  blobs: string;
}

/** What an import tells while it runs: a blob that was not there before, or how far it is. */
export type ImportNote = { written: Sha256 } | { progress: ImportProgress };

/** What importing a graph finds out, whatever it is. */
type ImportedGraph = Omit<
  ModelPackage,
  'formatVersion' | 'id' | 'source' | 'license' | 'importedAt' | 'files'
>;

export interface ImportedFiles {
  /** The small files by their paths, checked and in standard JSON. */
  kept: Map<string, Uint8Array>;
  imported: ImportedGraph;
}

export async function importFiles(
  { source, contextLength, blobs: directory }: ImportFilesRequest,
  { tell, signal }: ThreadHost<ImportNote>,
): Promise<ImportedFiles> {
  const kept = await readKeptFiles(source);
  const blobs = new BlobStore(directory);
  const imported = await importGraph(
    {
      files: sourceFiles(source),
      graphFile: source.graphFile,
      config: JSON.parse(new TextDecoder().decode(kept.get('config.json'))),
      ...(contextLength === undefined ? {} : { contextLength }),
      sink: {
        put: async (bytes) => {
          const { ref, isNew } = await blobs.add(bytes);
          if (isNew) tell({ written: ref.sha256 });
          return ref;
        },
      },
      onProgress: (progress) => tell({ progress }),
      signal,
    },
    source,
    kept,
  );
  // Whoever opens the model next finds the graph read.
  const build = await readGraph({
    ...{ blobs: directory, sha256: imported.graph.sha256 },
    isEncoder: imported.encoder !== undefined,
  });
  if (!build) throw new ModelError('Its graph was damaged while it was imported. Import the model again.');
  build({ firstLayer: 0, lastLayer: imported.layers.length - 1 });
  return { kept, imported };
}

const rerankerNote = 'A reranker: it says how well documents answer a question, and writes no text.';

async function importGraph(
  options: ImportOptions,
  { name, origin }: Pick<ModelSource, 'name' | 'origin'>,
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
