/** A stage's graph in memory with the sizes of its weights, as `readModel` takes files. */
import type { StageDescription } from '@potluck/protocol';
import type { ModelFiles } from '../source.ts';

/** Under which `stageFiles` has the graph. */
export const stageGraphName = 'stage.onnx';

/** Reads a part of one of the stage's weight files. */
export type ReadWeights = (path: string, offset: number, length: number) => Promise<Uint8Array>;

/**
 * A file that the description does not know counts as long enough: unpacked weights are in none, and `checkStageGraph` has
 * seen what came from elsewhere.
 * @param read asked for small weights only; by default they come out empty, for who needs no values
 */
export function stageFiles(
  graph: Uint8Array,
  { weights }: Pick<StageDescription, 'weights'>,
  read: ReadWeights = async () => new Uint8Array(0),
): ModelFiles {
  const sizes = new Map(
    weights.map(({ path, parts }) => [path, parts.reduce((sum, { length }) => sum + length, 0)]),
  );
  return {
    open: async (name) => {
      if (name !== stageGraphName) {
        return {
          size: sizes.get(name) ?? Number.MAX_SAFE_INTEGER,
          read: (offset, length) => read(name, offset, length),
        };
      }
      return { size: graph.length, read: async (offset, length) => graph.slice(offset, offset + length) };
    },
  };
}
