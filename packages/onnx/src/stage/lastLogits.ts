/** Lets the last stage give logits of several rows of a step, where its graph gives those of the last row alone. */
import type { StageDescription } from '@potluck/protocol';
import { removeUnused } from '../graph/simplifyGraph.ts';
import { readModel } from '../protobuf/readModel.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import { areOfInt64, findLastPositions, withLogitRows } from './lastPositions.ts';
import { stageFiles, stageGraphName } from './stageFiles.ts';

export interface LastLogitsStage {
  /** Logits are [1, rows, vocabulary]. */
  graph: Uint8Array<ArrayBuffer>;
  /** Name of the added input, int64 [1]: the first row that gets logits, counted back from the end, where -1 is the last row. */
  logitsFromInput: string;
}

const logitsFromInput = 'potluck/logits-from';

/**
 * @param stageGraph as `buildStage` made it, or `returnNewRows` of that
 * @returns undefined where nothing in the graph chooses the last row alone
 */
export async function lastLogits(
  stageGraph: Uint8Array,
  description: Pick<StageDescription, 'logits' | 'weights'>,
): Promise<LastLogitsStage | undefined> {
  const { logits } = description;
  if (!logits) return undefined;
  const model = await readModel(stageFiles(stageGraph, description), stageGraphName);
  const { graph } = model;
  const choosers = findLastPositions(graph, logits.name);
  if (choosers.length === 0 || !areOfInt64(choosers, graph)) return undefined;
  for (const { inputs } of choosers) inputs[1] = logitsFromInput;
  removeUnused(graph);
  graph.inputs.push({ name: logitsFromInput, type: 'int64', dims: [1] });
  graph.outputs = withLogitRows(graph.outputs, logits.name);
  return { graph: writeModel(model), logitsFromInput };
}
