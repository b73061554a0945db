/** Reads a decoder's graph, and tells what can be told without its weights. */
import type { DeviceKind } from '@potluck/protocol';
import { readDecoderConfig, type DecoderConfig } from '../cut/decoderConfig.ts';
import { refuseConfig, refuseGraph } from '../cut/refuse.ts';
import type { OnnxModel } from '../model.ts';
import type { ModelFiles } from '../source.ts';
import { devicesFor } from './devicesFor.ts';
import { readGraph } from './readGraph.ts';

export interface DecoderGraph {
  model: OnnxModel;
  config: DecoderConfig;
  /** The only kinds of devices that have its operators; undefined where all have them. */
  deviceKinds: DeviceKind[] | undefined;
}

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
  const model = await readGraph(files, graphFile, ({ graph }) => refuseGraph(graph, known));
  return { model, config: known, deviceKinds: devicesFor(model.graph) };
}
