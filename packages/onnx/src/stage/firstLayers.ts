/** The beginning of a stage as a small stage of its own, so that a device can be tried on what it will have to compute. */
import type { StageCache, StageDescription } from '@potluck/protocol';
import { UnsupportedModelError } from '../errors.ts';
import { indexGraph, namesOf } from '../graph/graphIndex.ts';
import { removeUnused } from '../graph/simplifyGraph.ts';
import type { OnnxGraph, OnnxValue } from '../model.ts';
import { readModel } from '../protobuf/readModel.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import { stageFiles, stageGraphName } from './stageFiles.ts';

export interface FirstLayers {
  graph: Uint8Array<ArrayBuffer>;
  /** `boundaryOut` is the one value that the cut ends in; its `dims` say nothing. There are no logits. */
  description: StageDescription;
}

/**
 * Cuts a stage behind its first layer, where the second one's queries, keys or values are computed: every kind of
 * kernel of a layer is then in it once. A stage of one layer stays whole, up to its boundary or logits.
 * @param graph a stage's graph, as `buildStage` made it
 * @throws {UnsupportedModelError} if nothing is found that tells layers apart
 */
export async function firstLayers(graph: Uint8Array, description: StageDescription): Promise<FirstLayers> {
  const model = await readModel(stageFiles(graph, description), stageGraphName);
  const end = findEnd(model.graph, description);
  const ownCaches = description.caches.filter(({ layer }) => layer <= end.layer);
  const outputs = new Set(ownCaches.map(({ output }) => output));
  model.graph.outputs = [...model.graph.outputs.filter(({ name }) => outputs.has(name)), end.value];
  removeUnused(model.graph);
  const read = new Set(model.graph.nodes.flatMap(({ inputs }) => namesOf(inputs)));
  model.graph.inputs = model.graph.inputs.filter(({ name }) => read.has(name));
  const files = new Set(
    [...model.graph.initializers.values()].flatMap(({ data }) => (data.kind === 'range' ? [data.file] : [])),
  );
  const { logits: _logits, ...rest } = description;
  return {
    graph: writeModel(model),
    description: {
      ...rest,
      lastLayer: end.layer,
      inputs: description.inputs.filter(({ name }) => read.has(name)),
      caches: ownCaches,
      weights: description.weights.filter(({ path }) => files.has(path)),
      boundaryOut: [{ name: end.value.name, type: end.value.type, dims: [] }],
    },
  };
}

/** The value to end in, and the last layer that is whole. */
function findEnd(graph: OnnxGraph, description: StageDescription): { value: OnnxValue; layer: number } {
  const { firstLayer, lastLayer, caches } = description;
  const next = caches.find(({ layer }) => layer > firstLayer);
  if (next) return { value: readBy(next, graph), layer: next.layer - 1 };
  const last = description.boundaryOut[0] ?? description.logits;
  const value = graph.outputs.find(({ name }) => name === last?.name);
  if (!value) throw new UnsupportedModelError('a stage without an output', description.model);
  return { value, layer: lastLayer };
}

/** What the node that writes a cache adds to it. */
function readBy(cache: StageCache, graph: OnnxGraph): OnnxValue {
  const node = indexGraph(graph).producers.get(cache.output);
  const added = node?.inputs.find((name) => name !== '' && name !== cache.input);
  if (!node || added === undefined)
    throw new UnsupportedModelError(`a cache that nothing writes`, cache.output);
  // Fused attention reads [1, step, width]; plain operators read what has the cache's own axes.
  const axes = node.domain === '' ? cache.dims.length : 3;
  return { name: added, type: cache.type, dims: new Array<undefined>(axes).fill(undefined) };
}
