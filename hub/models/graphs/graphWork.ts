/**
 * Work on graphs, which runs in a thread: finding the boundaries of 80 layers takes a second, reading their graph a fifth of
 * one, and nobody's answer is to stand still for that.
 */
import type { LayerRange } from '@potluck/onnx';
import { inThread, type ThreadWatch } from '../inThread.ts';
import type { CutStage, GraphPlace } from './cutStage.ts';
import type { ImportedFiles, ImportFilesRequest, ImportNote } from './importFiles.ts';
import type { LookRequest } from './lookAtGraph.ts';

export type GraphWork =
  | { type: 'look'; request: LookRequest }
  | { type: 'import'; request: ImportFilesRequest }
  | { type: 'open'; place: GraphPlace }
  | { type: 'cut'; place: GraphPlace; range: LayerRange };

const run = <T>(work: GraphWork, watch?: ThreadWatch<ImportNote>): Promise<T> =>
  inThread<T, ImportNote>(new URL('./graphThread.ts', import.meta.url), work, watch);

/**
 * Looks at a model before its weights are fetched.
 * @returns paths of the files that the graph names and that are not among those to be fetched
 * @throws ModelError naming the kind of model where it can't be served
 */
export const lookBeforeWeights = (request: LookRequest): Promise<string[]> => run({ type: 'look', request });

/**
 * Reads a model's small files, packs its weights as blobs, and proves that a stage can be cut out of its graph.
 * @throws ModelError naming what can't be used; StorageError if the disk is full; the signal's reason
 */
export const importInThread = (
  request: ImportFilesRequest,
  watch: ThreadWatch<ImportNote>,
): Promise<ImportedFiles> => run({ type: 'import', request }, watch);

/** Cuts one stage after the other: a second thread would read the graph again. */
export class GraphCutter {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Reads a graph, to see whether it can be read.
   * @returns false where its blob is missing or damaged
   * @throws ModelError if it is not understood
   */
  open(place: GraphPlace): Promise<boolean> {
    return this.#inTurn(() => run({ type: 'open', place }));
  }

  /**
   * Cuts a stage out and keeps its graph as a blob.
   * @throws ModelError if it can't be cut, or its blob is gone; StorageError if the disk is full
   */
  cut(place: GraphPlace, range: LayerRange): Promise<CutStage> {
    return this.#inTurn(() => run({ type: 'cut', place, range }));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
