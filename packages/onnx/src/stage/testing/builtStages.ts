/** Stages of a subject, and what tests of their rewrites look at. */
import type { OnnxModel, OnnxNode } from '../../model.ts';
import { readModel } from '../../protobuf/readModel.ts';
import { writeModel } from '../../protobuf/writeModel.ts';
import { buildStage, type BuiltStage } from '../buildStage.ts';
import { stageFiles, stageGraphName } from '../stageFiles.ts';
import { importSubject, type SubjectSource } from './subjects.ts';

/** First, middle and last layers, and all. */
export async function stagesOf({ open }: SubjectSource): Promise<BuiltStage[]> {
  const { decoder, imported } = await importSubject(await open());
  const last = imported.layers.length - 1;
  return [
    [0, 0],
    [1, 1],
    [last, last],
    [0, last],
  ].map(([firstLayer = 0, lastLayer = 0]) => buildStage(decoder, { firstLayer, lastLayer }));
}

export const parse = (graph: Uint8Array, { description }: BuiltStage): Promise<OnnxModel> =>
  readModel(stageFiles(graph, description), stageGraphName);

/** A stage's graph, changed. */
export async function changed(stage: BuiltStage, change: (model: OnnxModel) => void): Promise<Uint8Array> {
  const model = await parse(stage.graph, stage);
  change(model);
  return writeModel(model);
}

/** The nodes of a graph and of its branches. */
export function allNodes(nodes: readonly OnnxNode[]): OnnxNode[] {
  return nodes.flatMap((node) => [
    node,
    ...[...node.attributes.values()].flatMap((attribute) =>
      attribute.type === 'graph' ? allNodes(attribute.value.nodes) : [],
    ),
  ]);
}

export function countNodes(nodes: readonly OnnxNode[], opType: string): number {
  return nodes.filter((node) => node.opType === opType).length;
}

/** Bytes of the files that a stage's graph may name. */
export function weightSizes({ description }: BuiltStage): Map<string, number> {
  return new Map(
    description.weights.map(({ path, parts }) => [path, parts.reduce((sum, { length }) => sum + length, 0)]),
  );
}
