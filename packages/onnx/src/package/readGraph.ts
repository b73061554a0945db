/** Reads a graph whose weights may not be here yet. */
import { MissingFileError, MissingWeightsError } from '../errors.ts';
import type { OnnxModel } from '../model.ts';
import { readModel } from '../protobuf/readModel.ts';
import type { ModelFiles } from '../source.ts';

/** Weights may be anywhere in a file that is not there. */
const anySizeBytes = 2 ** 50;

/**
 * @param files may give zeros for weights that are not here yet
 * @param look is shown the graph, and may refuse it, before missing weights are
 * @throws {MissingWeightsError} naming all files with weights that are missing
 * @throws {OnnxFormatError} {ModelFileError} as `readModel`
 */
export async function readGraph(
  files: ModelFiles,
  graphFile: string,
  look: (model: OnnxModel) => void = () => undefined,
): Promise<OnnxModel> {
  const missing: string[] = [];
  const model = await readModel(
    {
      open: (name) =>
        files.open(name).catch((error: unknown) => {
          if (!(error instanceof MissingFileError) || name === graphFile) throw error;
          missing.push(name);
          return { size: anySizeBytes, read: async (_offset, length) => new Uint8Array(length) };
        }),
    },
    graphFile,
  );
  look(model);
  if (missing.length > 0) throw new MissingWeightsError(graphFile, missing);
  return model;
}
