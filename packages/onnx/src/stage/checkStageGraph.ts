/** What keeps a stage's graph from naming files that are not the stage's. */
import { MissingFileError } from '../errors.ts';
import { readModel } from '../protobuf/readModel.ts';
import { memoryByteSource } from '../files/memoryModelFiles.ts';
import { stageGraphName } from './stageFiles.ts';

/**
 * Reads a stage's graph through, as a runtime would. A runtime that is on a disk opens any file that a tensor names as its
 * external data.
 * @param sizes bytes of each file of the stage's weights, by the path that the graph may name
 * @throws {ModelFileError} if the graph names another file
 * @throws {OnnxFormatError} if it is malformed, or names bytes behind a file's end
 * @throws {UnsupportedModelError} if it holds what is not read through: functions, sparse tensors
 */
export async function checkStageGraph(graph: Uint8Array, sizes: ReadonlyMap<string, number>): Promise<void> {
  await readModel(
    {
      open: async (name) => {
        if (name === stageGraphName) return memoryByteSource(graph);
        const size = sizes.get(name);
        if (size === undefined) throw new MissingFileError(name);
        // Small weights are read along, and nobody looks at them here.
        return { size, read: async (_, length) => new Uint8Array(length) };
      },
    },
    stageGraphName,
  );
}
