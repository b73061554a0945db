/** Grids for tests of placement. */
import { createHash, randomUUID } from 'node:crypto';
import { ModelId, Sha256, WorkerId } from '@potluck/protocol';
import type { PlacedModel } from '../placement/candidates.ts';
import type { GridLink, GridView, GridWorker } from '../placement/gridView.ts';
import { leastChunkTokens } from '../placement/promptChunks.ts';

export interface GridWorkerInit extends Partial<Omit<GridWorker, 'memory'>>, Partial<GridWorker['memory']> {
  /** What a step of one token took in answers, for each byte of weights that it read. */
  millisecondsPerByte?: number;
}

/** A processor with nothing reserved and nothing measured. */
export function gridWorker(name: string, offeredBytes: number, init: GridWorkerInit = {}): GridWorker {
  const { reservations = [], usedBytes = 0, millisecondsPerByte, ...rest } = init;
  const weightBytes = 1e9;
  return {
    id: WorkerId.parse(randomUUID()),
    name,
    kind: 'node',
    device: { kind: 'cpu', description: 'a processor', float16: true },
    isLeaving: false,
    joinedAt: 0,
    tokenSteps:
      millisecondsPerByte === undefined
        ? []
        : [{ model: 'any', weightBytes, milliseconds: millisecondsPerByte * weightBytes, source: 'served' }],
    promptSteps: [],
    ways: [],
    cachedBlobs: new Set(),
    links: new Map(),
    ...rest,
    memory: { offeredBytes: init.offeredBytes ?? offeredBytes, usedBytes, reservations },
  };
}

/** @param links what the first worker knows of its way to the second */
export function gridOf(
  workers: readonly GridWorker[],
  links: readonly [from: GridWorker, to: GridWorker, link: GridLink][] = [],
): GridView {
  return {
    workers: new Map(
      workers.map((worker) => {
        const own = links.flatMap(([from, to, link]) =>
          from.id === worker.id ? [[to.id, link] as const] : [],
        );
        return [worker.id, { ...worker, links: new Map([...worker.links, ...own]) }];
      }),
    ),
  };
}

/** Equal layers without caches; working memory is not counted. */
export function placedModel(
  layerCount: number,
  layerBytes: number,
  changes: Partial<PlacedModel> = {},
): PlacedModel {
  return {
    id: ModelId.parse('a-model'),
    layers: Array.from({ length: layerCount }, () => ({
      weightBytes: layerBytes,
      cacheBytesPerToken: 0,
      stateBytes: 0,
      boundary: [],
    })),
    embeddingBytes: 0,
    headBytes: 0,
    tiedBytes: 0,
    sharedWeights: [],
    contextLength: leastChunkTokens,
    packs: [],
    float16: false,
    workingMemory: () => 0,
    ...changes,
  };
}

/** The name of a blob that holds this text. */
export const sha256Of = (text: string): Sha256 =>
  Sha256.parse(createHash('sha256').update(text).digest('hex'));
