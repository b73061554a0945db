/** Reads a decoder's graph, and tells what can be told without its weights. */
import type { DeviceKind } from '@potluck/protocol';
import { readDecoderConfig, type DecoderConfig } from '../cut/decoderConfig.ts';
import { refuseConfig, refuseGraph } from '../cut/refuse.ts';
import { MissingFileError, MissingWeightsError } from '../errors.ts';
import type { OnnxModel } from '../model.ts';
import { readModel } from '../protobuf/readModel.ts';
import type { ModelFiles } from '../source.ts';
import { devicesFor } from './devicesFor.ts';

export interface DecoderGraph {
  model: OnnxModel;
  config: DecoderConfig;
  /** The only kinds of devices that have its operators; undefined where all have them. */
  deviceKinds: DeviceKind[] | undefined;
}

/** Weights may be anywhere in a file that is not there. */
const anySizeBytes = 2 ** 50;

/**
 * @param config the parsed config.json
 * @throws {UnsupportedModelError} naming a kind of model that can't be served, whatever its graphs are
 */
export function checkConfiguration(config: unknown): void {
  refuseConfig(readDecoderConfig(config));
}

/**
 * @param files may give zeros for weights that are not here yet: only small ones are read, and what is looked for here
 * does not depend on them
 * @param config the parsed config.json
 * @throws {UnsupportedModelError} naming a kind of model that can't be served
 * @throws {MissingWeightsError} naming all files with weights that are missing
 * @throws {OnnxFormatError} {ModelFileError} as `readModel`
 */
export async function readDecoderGraph(
  files: ModelFiles,
  graphFile: string,
  config: unknown,
): Promise<DecoderGraph> {
  const known = readDecoderConfig(config);
  refuseConfig(known);
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
  refuseGraph(model.graph, known);
  if (missing.length > 0) throw new MissingWeightsError(graphFile, missing);
  return { model, config: known, deviceKinds: devicesFor(model.graph) };
}
