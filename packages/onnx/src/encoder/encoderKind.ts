/** Tells encoders from decoders before anything is imported. */
import { readDecoderConfig } from '../cut/decoderConfig.ts';
import { refuseConfig, refuseGraph } from '../cut/refuse.ts';
import { readGraph } from '../package/readGraph.ts';
import type { ModelFiles } from '../source.ts';
import { isEncoder, readEncoder, type EncoderGraph } from './encoderGraph.ts';

/**
 * Tells whether a graph is an encoder's, which takes whole texts and has no cache.
 * @returns what it gives; undefined for a decoder
 * @throws {UnsupportedModelError} naming a kind of model that is neither encoder nor decoder
 * @throws {MissingWeightsError} {OnnxFormatError} {ModelFileError} as `readDecoderGraph`
 */
export async function encoderKind(
  files: ModelFiles,
  graphFile: string,
  config: unknown,
): Promise<EncoderGraph['gives'] | undefined> {
  const known = readDecoderConfig(config);
  refuseConfig(known);
  let gives: EncoderGraph['gives'] | undefined;
  await readGraph(files, graphFile, ({ graph }) => {
    if (isEncoder(graph)) gives = readEncoder(graph).gives;
    else refuseGraph(graph, known);
  });
  return gives;
}
