/** An encoder whose weights are in packs: its graph blob is its one stage, with the stage's description inside. */
import { StageDescription } from '@potluck/protocol';
import { OnnxFormatError } from '../errors.ts';
import type { OnnxModel } from '../model.ts';
import { readModel } from '../protobuf/readModel.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import type { BuiltStage } from '../stage/buildStage.ts';
import { checkStageGraph } from '../stage/checkStageGraph.ts';
import { stageFiles, stageGraphName } from '../stage/stageFiles.ts';

/** Key of the description in the graph's metadata. */
const metadataKey = 'potluck.encoder';

const PackedDescription = StageDescription.omit({ model: true, graph: true });

/** The graph blob of a packed encoder. */
export function writePackedEncoder(
  model: OnnxModel,
  description: BuiltStage['description'],
): Uint8Array<ArrayBuffer> {
  return writeModel({ ...model, metadata: new Map([[metadataKey, JSON.stringify(description)]]) });
}

/**
 * Reads a graph blob again.
 * @throws {OnnxFormatError} if it is not one, or a tensor reaches past its packs
 */
export async function readPackedEncoder(graph: Uint8Array): Promise<BuiltStage> {
  const model = await readModel(stageFiles(graph, { weights: [] }), stageGraphName);
  const text = model.metadata?.get(metadataKey);
  if (text === undefined) throw new OnnxFormatError('no description of a packed encoder', stageGraphName);
  let description: BuiltStage['description'];
  try {
    description = PackedDescription.parse(JSON.parse(text));
  } catch (cause) {
    throw new OnnxFormatError('a malformed description of a packed encoder', stageGraphName, { cause });
  }
  const sizes = description.weights.map(
    ({ path, parts }) => [path, parts.reduce((sum, { length }) => sum + length, 0)] as const,
  );
  await checkStageGraph(graph, new Map(sizes));
  return { graph: graph.slice(), description };
}
